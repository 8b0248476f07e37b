using Gemini.Live.WebSockets;
using Orchestrator.Api.Composition;

SocketThreads.HandleInline();
// Nothing is configured anew while it runs, and the watch for changes would see every file of every journal.
string[] settings = ["--hostBuilder:reloadConfigOnChange=false", .. args];
var builder = WebApplication.CreateBuilder(settings);
return FrontEndApp.IsWanted(builder.Configuration) ? await FrontEndApp.RunAsync(builder) : await AllInOneApp.RunAsync(settings, builder.Configuration);
