namespace Orchestrator.Architecture;

/// <summary>A place in compiled code and the foreign member that it names.</summary>
/// <param name="User">Full name of the outermost type whose source contains the use.</param>
/// <param name="Assembly">Assembly of what is used; empty for the same one.</param>
/// <param name="Type">Full name of the used type, without type arguments.</param>
/// <param name="Member">Used member; empty where only the type is named (signature, cast, base type).</param>
public sealed record TypeUse(string User, string Assembly, string Type, string Member)
{
    public string UserNamespace => NamespaceOf(User);

    public string Namespace => NamespaceOf(Type);

    public override string ToString() => $"{User} uses {Type}{(Member.Length == 0 ? "" : $".{Member}")}";

    private static string NamespaceOf(string type) => type.LastIndexOf('.') is > 0 and var dot ? type[..dot] : "";
}
