namespace Gemini.Live.Simulator.Protocol;

/// <summary>How ProtoJSON writes a field.</summary>
internal enum FieldType
{
    Message,
    Enum,
    String,
    Bool,
    Int32,
    Int64,
    Float,
    Bytes,
    Duration,
    Timestamp,
    Struct,
    Value,
    StringMap,
}

/// <summary>One field of one message.</summary>
/// <param name="Name">camelCase name, the one that the server emits.</param>
/// <param name="Snake">snake_case name, equally accepted on input and used in error paths.</param>
/// <param name="TypeName">Name of the message or enum, or the scalar's proto name.</param>
/// <param name="OneOf">Name of the oneof that the field belongs to, if any.</param>
internal sealed record Field(string Name, string Snake, FieldType Type, string TypeName, bool Repeated, string? OneOf);

/// <summary>A message: its fields by both spellings.</summary>
internal sealed class MessageType(string name)
{
    private readonly Dictionary<string, Field> _fields = new(StringComparer.Ordinal);

    public string Name { get; } = name;

    public Field? Find(string name) => _fields.GetValueOrDefault(name);

    public void Add(Field field)
    {
        _fields[field.Name] = field;
        _fields[field.Snake] = field;
    }
}
