return await Orchestrator.Silo.Hosting.SiloApp.RunAsync(args);
