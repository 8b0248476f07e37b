return await Orchestrator.Api.Composition.AllInOneApp.RunAsync(args);
