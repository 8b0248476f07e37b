using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Orchestrator.Silo")]
[assembly: InternalsVisibleTo("Grains.Tests")]
[assembly: InternalsVisibleTo("Silo.Tests")]
[assembly: InternalsVisibleTo("Micro")]
