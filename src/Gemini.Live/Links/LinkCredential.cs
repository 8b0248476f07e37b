namespace Gemini.Live.Links;

/// <summary>
/// A header that may differ from dial to dial, because bearer tokens expire. It is asked at every dial, on the dialling
/// thread and never for a frame, so it may read a small file.
/// </summary>
/// <exception cref="IOException">There is no credential now; the dial fails with the message, which names no secret.</exception>
public delegate KeyValuePair<string, string> LinkCredential();
