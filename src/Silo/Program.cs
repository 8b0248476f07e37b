Gemini.Live.WebSockets.SocketThreads.HandleInline();
// Nothing is configured anew while it runs: no watch for changes.
return await Orchestrator.Silo.Hosting.SiloApp.RunAsync(["--hostBuilder:reloadConfigOnChange=false", .. args]);
