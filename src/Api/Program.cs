using Orchestrator.Api.Composition;

var builder = WebApplication.CreateBuilder(args);
return FrontEndApp.IsWanted(builder.Configuration) ? await FrontEndApp.RunAsync(builder) : await AllInOneApp.RunAsync(args);
