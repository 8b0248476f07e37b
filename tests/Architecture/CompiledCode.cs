using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Orchestrator.Architecture;

/// <summary>
/// Reads which types and members an assembly uses, from its signatures and from every instruction, including
/// what the compiler made of lambdas and async methods. Nothing is loaded or run.
/// </summary>
public static class CompiledCode
{
    private static readonly FrozenDictionary<ushort, OperandType> Operands = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(f => (OpCode)f.GetValue(null)!)
        .ToFrozenDictionary(o => (ushort)o.Value, o => o.OperandType);

    public static IReadOnlySet<string> References(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        return metadata.AssemblyReferences.Select(h => metadata.GetString(metadata.GetAssemblyReference(h).Name)).ToHashSet();
    }

    public static IReadOnlyList<TypeUse> Uses(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var names = new Names(metadata);
        HashSet<TypeUse> uses = [];

        foreach (var typeHandle in metadata.TypeDefinitions)
        {
            var type = metadata.GetTypeDefinition(typeHandle);
            var user = names.Outermost(typeHandle);
            void Note(IEnumerable<(string Assembly, string Type)> used, string member = "") =>
                uses.UnionWith(used.Select(u => new TypeUse(user, u.Assembly, u.Type, member)));

            Note(names.Of(type.BaseType));
            foreach (var implementation in type.GetInterfaceImplementations())
            {
                Note(names.Of(metadata.GetInterfaceImplementation(implementation).Interface));
            }
            foreach (var field in type.GetFields())
            {
                Note(metadata.GetFieldDefinition(field).DecodeSignature(names, null));
            }
            foreach (var handle in type.GetMethods())
            {
                var method = metadata.GetMethodDefinition(handle);
                var signature = method.DecodeSignature(names, null);
                Note([.. signature.ReturnType, .. signature.ParameterTypes.SelectMany(p => p)]);
                if (method.RelativeVirtualAddress == 0)
                {
                    continue;
                }
                var body = file.GetMethodBody(method.RelativeVirtualAddress);
                if (!body.LocalSignature.IsNil)
                {
                    Note(metadata.GetStandaloneSignature(body.LocalSignature).DecodeLocalSignature(names, null).SelectMany(l => l));
                }
                foreach (var token in Tokens(body.GetILReader()))
                {
                    var (used, member) = names.Member(token);
                    Note(used, member);
                }
            }
        }
        return [.. uses.OrderBy(u => u.ToString(), StringComparer.Ordinal)];
    }

    private static IEnumerable<EntityHandle> Tokens(BlobReader il)
    {
        List<EntityHandle> tokens = [];
        while (il.RemainingBytes > 0)
        {
            ushort code = il.ReadByte();
            if (code == 0xfe)
            {
                code = (ushort)(0xfe00 | il.ReadByte());
            }
            switch (Operands[code])
            {
                case OperandType.InlineField or OperandType.InlineMethod or OperandType.InlineTok or OperandType.InlineType:
                    tokens.Add((EntityHandle)System.Reflection.Metadata.Ecma335.MetadataTokens.Handle(il.ReadInt32()));
                    break;
                case OperandType.InlineNone:
                    break;
                case OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar:
                    il.ReadByte();
                    break;
                case OperandType.InlineVar:
                    il.ReadInt16();
                    break;
                case OperandType.InlineI8 or OperandType.InlineR:
                    il.ReadInt64();
                    break;
                case OperandType.InlineSwitch:
                    var branches = il.ReadInt32();
                    il.Offset += branches * 4;
                    break;
                default:
                    il.ReadInt32();
                    break;
            }
        }
        return tokens;
    }

    /// <summary>Turns signatures and tokens into the names of all types that they mention.</summary>
    private sealed class Names(MetadataReader metadata) : ISignatureTypeProvider<ImmutableArray<(string Assembly, string Type)>, object?>
    {
        public string Outermost(TypeDefinitionHandle handle)
        {
            var type = metadata.GetTypeDefinition(handle);
            return type.IsNested ? Outermost(type.GetDeclaringType()) : Full(type.Namespace, type.Name);
        }

        public ImmutableArray<(string Assembly, string Type)> Of(EntityHandle handle) => handle.IsNil
            ? []
            : handle.Kind switch
            {
                HandleKind.TypeReference => GetTypeFromReference(metadata, (TypeReferenceHandle)handle, 0),
                HandleKind.TypeDefinition => GetTypeFromDefinition(metadata, (TypeDefinitionHandle)handle, 0),
                HandleKind.TypeSpecification => metadata.GetTypeSpecification((TypeSpecificationHandle)handle).DecodeSignature(this, null),
                _ => [],
            };

        public (ImmutableArray<(string Assembly, string Type)> Used, string Member) Member(EntityHandle handle)
        {
            switch (handle.Kind)
            {
                case HandleKind.MemberReference:
                    var member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                    return (Of(member.Parent), metadata.GetString(member.Name));
                case HandleKind.MethodSpecification:
                    var specification = metadata.GetMethodSpecification((MethodSpecificationHandle)handle);
                    var (used, name) = Member(specification.Method);
                    return ([.. used, .. specification.DecodeSignature(this, null).SelectMany(a => a)], name);
                case HandleKind.MethodDefinition:
                    var method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                    return (Of(method.GetDeclaringType()), metadata.GetString(method.Name));
                default:
                    return (Of(handle), "");
            }
        }

        public ImmutableArray<(string Assembly, string Type)> GetTypeFromReference(MetadataReader reader, TypeReferenceHandle handle, byte rawTypeKind)
        {
            var type = metadata.GetTypeReference(handle);
            return type.ResolutionScope.Kind switch
            {
                HandleKind.TypeReference => GetTypeFromReference(reader, (TypeReferenceHandle)type.ResolutionScope, 0),
                HandleKind.AssemblyReference => [(metadata.GetString(metadata.GetAssemblyReference((AssemblyReferenceHandle)type.ResolutionScope).Name), Full(type.Namespace, type.Name))],
                _ => [("", Full(type.Namespace, type.Name))],
            };
        }

        public ImmutableArray<(string Assembly, string Type)> GetTypeFromDefinition(MetadataReader reader, TypeDefinitionHandle handle, byte rawTypeKind) => [("", Outermost(handle))];

        public ImmutableArray<(string Assembly, string Type)> GetTypeFromSpecification(MetadataReader reader, object? context, TypeSpecificationHandle handle, byte rawTypeKind) => Of(handle);

        public ImmutableArray<(string Assembly, string Type)> GetGenericInstantiation(ImmutableArray<(string Assembly, string Type)> generic, ImmutableArray<ImmutableArray<(string Assembly, string Type)>> arguments) =>
            [.. generic, .. arguments.SelectMany(a => a)];

        public ImmutableArray<(string Assembly, string Type)> GetFunctionPointerType(MethodSignature<ImmutableArray<(string Assembly, string Type)>> signature) =>
            [.. signature.ReturnType, .. signature.ParameterTypes.SelectMany(p => p)];

        public ImmutableArray<(string Assembly, string Type)> GetModifiedType(ImmutableArray<(string Assembly, string Type)> modifier, ImmutableArray<(string Assembly, string Type)> unmodified, bool isRequired) => unmodified;

        public ImmutableArray<(string Assembly, string Type)> GetPrimitiveType(PrimitiveTypeCode typeCode) => [];

        public ImmutableArray<(string Assembly, string Type)> GetGenericMethodParameter(object? context, int index) => [];

        public ImmutableArray<(string Assembly, string Type)> GetGenericTypeParameter(object? context, int index) => [];

        public ImmutableArray<(string Assembly, string Type)> GetArrayType(ImmutableArray<(string Assembly, string Type)> element, ArrayShape shape) => element;

        public ImmutableArray<(string Assembly, string Type)> GetByReferenceType(ImmutableArray<(string Assembly, string Type)> element) => element;

        public ImmutableArray<(string Assembly, string Type)> GetPinnedType(ImmutableArray<(string Assembly, string Type)> element) => element;

        public ImmutableArray<(string Assembly, string Type)> GetPointerType(ImmutableArray<(string Assembly, string Type)> element) => element;

        public ImmutableArray<(string Assembly, string Type)> GetSZArrayType(ImmutableArray<(string Assembly, string Type)> element) => element;

        private string Full(StringHandle ns, StringHandle name) =>
            ns.IsNil ? metadata.GetString(name) : $"{metadata.GetString(ns)}.{metadata.GetString(name)}";
    }
}
