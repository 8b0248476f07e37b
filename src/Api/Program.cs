return await Orchestrator.Api.AllInOne.AllInOneApp.RunAsync(args);
