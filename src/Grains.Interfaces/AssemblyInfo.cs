using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Orchestrator.Grains")]
[assembly: InternalsVisibleTo("Grains.Tests")]
