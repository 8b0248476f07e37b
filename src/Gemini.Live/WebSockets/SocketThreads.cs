namespace Gemini.Live.WebSockets;

/// <summary>
/// Where a process handles what its sockets receive. By default .NET hands every completion to the thread pool, and the hop
/// costs more than a frame does; here the thread that learns of a frame may handle it and send it on. In return nothing that
/// a socket resumes may block or take long, in the whole process: there are as many such threads as processors.
/// </summary>
public static class SocketThreads
{
    /// <summary>
    /// The runtime's switch, which it reads once, before the first socket; there is none in the configuration of the runtime.
    /// An operator who has set it is obeyed (0 turns it off).
    /// </summary>
    public const string Switch = "DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS";

    /// <summary>To be called before anything else in the process.</summary>
    public static void HandleInline()
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable(Switch)))
        {
            Environment.SetEnvironmentVariable(Switch, "1");
        }
    }
}
