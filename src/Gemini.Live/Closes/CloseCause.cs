namespace Gemini.Live.Closes;

/// <summary>Why a link ended, as far as the next move depends on it.</summary>
public enum CloseCause
{
    /// <summary>We closed it, or upstream closed it in peace.</summary>
    Clean,
    /// <summary>The connection's time was up: about ten minutes, with or without goAway.</summary>
    Deadline,
    /// <summary>Anything that another try may cure.</summary>
    Transient,
    /// <summary>The service is not there at the moment; another try at once will hardly help.</summary>
    Unavailable,
    /// <summary>A quota or spend limit; trying fast makes it worse.</summary>
    Quota,
    /// <summary>The resumption handle is not (or no longer) known; presenting it again never helps.</summary>
    HandleRejected,
    /// <summary>The session still has another socket; it can be resumed when that one is gone.</summary>
    OldSocketOpen,
    /// <summary>Upstream refused a message; the same bytes will be refused again.</summary>
    BadFrame,
    /// <summary>Upstream refused the setup, at once or with the first content after it.</summary>
    BadSetup,
    /// <summary>The context is full; only a shorter history goes on.</summary>
    ContextExhausted,
    /// <summary>Something at that moment is not implemented upstream; typically input around tool calls on 2.5.</summary>
    Unsupported,
    /// <summary>The credential is missing, wrong or not allowed.</summary>
    Auth,
    /// <summary>The model, or the address, does not exist there.</summary>
    ModelMissing,
    /// <summary>The connection vanished without a word, or none could be made.</summary>
    Network,
    /// <summary>The process that held the connection is gone, and with it whatever was to be known about its end.</summary>
    OwnerLost,
}

/// <summary>Whose doing the end was: what the metrics and the person on call go by.</summary>
public enum Blame
{
    /// <summary>The client's messages or setup.</summary>
    Client,
    /// <summary>The model service.</summary>
    Upstream,
    /// <summary>This gateway or its configuration.</summary>
    Platform,
    /// <summary>Whatever lies between the two.</summary>
    Network,
    /// <summary>A limit that somebody set: connection age, quota, context without compression.</summary>
    Policy,
}

/// <summary>One step of the recovery ladder.</summary>
public enum Rung
{
    /// <summary>Resume the checkpoint on the same endpoint, then replay.</summary>
    Resume,
    /// <summary>A new upstream session on the same endpoint, seeded with the history, then replay.</summary>
    Fresh,
    /// <summary>The same on the next endpoint of the group.</summary>
    NextEndpoint,
    /// <summary>Release the conversation and go on at another silo.</summary>
    Move,
    /// <summary>Close the client; the conversation stays resumable.</summary>
    End,
}

/// <summary>How long to wait before a try on the same endpoint.</summary>
public enum BackOff
{
    /// <summary>The first try at once, later ones exponentially.</summary>
    Immediate,
    /// <summary>Every try waits: what was just asked for is not there.</summary>
    Exponential,
    /// <summary>At least <see cref="CloseVerdict.QuotaWait"/>, or elsewhere.</summary>
    Quota,
    /// <summary>There will be no try.</summary>
    None,
}
