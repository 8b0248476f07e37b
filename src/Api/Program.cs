using Gemini.Live.WebSockets;
using Orchestrator.Api.Composition;

SocketThreads.HandleInline();
var builder = WebApplication.CreateBuilder(args);
return FrontEndApp.IsWanted(builder.Configuration) ? await FrontEndApp.RunAsync(builder) : await AllInOneApp.RunAsync(args);
