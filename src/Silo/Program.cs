Gemini.Live.WebSockets.SocketThreads.HandleInline();
return await Orchestrator.Silo.Hosting.SiloApp.RunAsync(args);
