using System.Text;

namespace Gemini.Live.Simulator.Protocol;

/// <summary>
/// The messages that a client may send, as a table (facts: BidiGenerateContent of the public
/// generativelanguage v1beta proto and the SDKs' types of November 2026). Fields that exist only on
/// Vertex (transparent, explicitVadSignal) are absent on purpose: the Developer API does not know them.
/// A field is <c>name type</c>, <c>type[]</c> when repeated, and <c>@group</c> when it is in a oneof.
/// </summary>
internal static class LiveSchema
{
    private const string Table = """
        message ClientMessage
          setup Setup @message_type
          clientContent ClientContent @message_type
          realtimeInput RealtimeInput @message_type
          toolResponse ToolResponse @message_type
          contextUpdate ContextUpdate @message_type
        message Setup
          model string
          generationConfig GenerationConfig
          systemInstruction Content
          tools Tool[]
          realtimeInputConfig RealtimeInputConfig
          sessionResumption SessionResumptionConfig
          contextWindowCompression ContextWindowCompressionConfig
          inputAudioTranscription AudioTranscriptionConfig
          outputAudioTranscription AudioTranscriptionConfig
          proactivity ProactivityConfig
          historyConfig HistoryConfig
          avatarConfig AvatarConfig
          safetySettings SafetySetting[]
          labels stringmap
          prefixTurns Content[]
        message GenerationConfig
          candidateCount int32
          stopSequences string[]
          maxOutputTokens int32
          temperature float
          topP float
          topK int32
          seed int32
          responseMimeType string
          responseSchema Schema
          responseJsonSchema value
          presencePenalty float
          frequencyPenalty float
          responseLogprobs bool
          logprobs int32
          audioTimestamp bool
          responseModalities Modality[]
          speechConfig SpeechConfig
          thinkingConfig ThinkingConfig
          mediaResolution MediaResolution
          enableAffectiveDialog bool
          translationConfig TranslationConfig
        message SpeechConfig
          voiceConfig VoiceConfig @voice
          multiSpeakerVoiceConfig struct @voice
          languageCode string
        message VoiceConfig
          prebuiltVoiceConfig PrebuiltVoiceConfig @voice_config
          replicatedVoiceConfig ReplicatedVoiceConfig @voice_config
        message PrebuiltVoiceConfig
          voiceName string
        message ReplicatedVoiceConfig
          mimeType string
          voiceSampleAudio bytes
          consentAudio bytes
          voiceConsentSignature VoiceConsentSignature
        message VoiceConsentSignature
          signature string
        message ThinkingConfig
          includeThoughts bool
          thinkingBudget int32
          thinkingLevel ThinkingLevel
        message TranslationConfig
          targetLanguageCode string
          echoTargetLanguage bool
        message RealtimeInputConfig
          automaticActivityDetection AutomaticActivityDetection
          activityHandling ActivityHandling
          turnCoverage TurnCoverage
          interimTranscriptTimestampEnabled bool
        message AutomaticActivityDetection
          disabled bool
          startOfSpeechSensitivity StartSensitivity
          endOfSpeechSensitivity EndSensitivity
          prefixPaddingMs int32
          silenceDurationMs int32
        message SessionResumptionConfig
          handle string
        message ContextWindowCompressionConfig
          slidingWindow SlidingWindow
          triggerTokens int64
        message SlidingWindow
          targetTokens int64
        message AudioTranscriptionConfig
          languageCodes string[]
          customVocabulary string[]
          wordTimestamp bool
          diarization bool
          mode TranscriptionMode
          sourceText string
          languageAuto struct
          languageHints struct
          adaptationPhrases string[]
        message ProactivityConfig
          proactiveAudio bool
          proactiveVideo bool
        message HistoryConfig
          initialHistoryInClientContent bool
        message AvatarConfig
          avatarName string
          customizedAvatar CustomizedAvatar
          audioBitrateBps int32
          videoBitrateBps int32
        message CustomizedAvatar
          imageMimeType string
          imageData bytes
        message SafetySetting
          category HarmCategory
          threshold HarmBlockThreshold
        message Tool
          functionDeclarations FunctionDeclaration[]
          googleSearch GoogleSearch
          googleSearchRetrieval struct
          codeExecution struct
          urlContext struct
          googleMaps struct
          fileSearch struct
          computerUse struct
          mcpServers struct[]
        message GoogleSearch
          timeRangeFilter struct
          searchTypes struct
        message FunctionDeclaration
          name string
          description string
          parameters Schema
          parametersJsonSchema value
          response Schema
          responseJsonSchema value
          behavior Behavior
        message Schema
          type SchemaType
          format string
          title string
          description string
          nullable bool
          enum string[]
          items Schema
          maxItems int64
          minItems int64
          properties map:Schema
          required string[]
          minProperties int64
          maxProperties int64
          minimum float
          maximum float
          minLength int64
          maxLength int64
          pattern string
          example value
          anyOf Schema[]
          propertyOrdering string[]
          default value
        message Content
          parts Part[]
          role string
        message Part
          text string @data
          inlineData Blob @data
          functionCall FunctionCall @data
          functionResponse FunctionResponse @data
          fileData FileData @data
          executableCode struct @data
          codeExecutionResult struct @data
          thought bool
          thoughtSignature bytes
          toolCall struct @data
          toolResponse struct @data
          audioTranscription struct
          mediaProcessing struct
          speechMetadata struct
          videoMetadata struct
          partMetadata struct
          mediaResolution struct
        message Blob
          mimeType string
          data bytes
        message FileData
          mimeType string
          fileUri string
        message FunctionCall
          id string
          name string
          args struct
        message FunctionResponse
          id string
          name string
          response struct
          parts FunctionResponsePart[]
          willContinue bool
          scheduling Scheduling
        message FunctionResponsePart
          inlineData Blob
          fileData FileData
        message ClientContent
          turns Content[]
          turnComplete bool
        message RealtimeInput
          mediaChunks Blob[]
          audio Blob
          audioStreamEnd bool
          video Blob
          text string
          activityStart Empty
          activityEnd Empty
        message Empty
        message ToolResponse
          functionResponses FunctionResponse[]
        message ContextUpdate
          systemInstruction Content
          tools ToolList
        message ToolList
          tools Tool[]
        message AuthToken
          name string
          expireTime timestamp
          newSessionExpireTime timestamp
          uses int32
          fieldMask string
          bidiGenerateContentSetup Setup
        message GenerateContentRequest
          model string
          contents Content[]
          systemInstruction Content
          tools Tool[]
          toolConfig ToolConfig
          safetySettings SafetySetting[]
          generationConfig GenerationConfig
          cachedContent string
          labels stringmap
        message ToolConfig
          functionCallingConfig FunctionCallingConfig
          retrievalConfig struct
        message FunctionCallingConfig
          mode CallingMode
          allowedFunctionNames string[]
        enum CallingMode MODE_UNSPECIFIED AUTO ANY NONE VALIDATED
        enum Modality MODALITY_UNSPECIFIED TEXT IMAGE AUDIO VIDEO
        enum ThinkingLevel THINKING_LEVEL_UNSPECIFIED MINIMAL LOW MEDIUM HIGH minimal low medium high
        enum MediaResolution MEDIA_RESOLUTION_UNSPECIFIED MEDIA_RESOLUTION_LOW MEDIA_RESOLUTION_MEDIUM MEDIA_RESOLUTION_HIGH
        enum ActivityHandling ACTIVITY_HANDLING_UNSPECIFIED START_OF_ACTIVITY_INTERRUPTS NO_INTERRUPTION
        enum TurnCoverage TURN_COVERAGE_UNSPECIFIED TURN_INCLUDES_ONLY_ACTIVITY TURN_INCLUDES_ALL_INPUT TURN_INCLUDES_AUDIO_ACTIVITY_AND_ALL_VIDEO
        enum StartSensitivity START_SENSITIVITY_UNSPECIFIED START_SENSITIVITY_HIGH START_SENSITIVITY_LOW
        enum EndSensitivity END_SENSITIVITY_UNSPECIFIED END_SENSITIVITY_HIGH END_SENSITIVITY_LOW
        enum TranscriptionMode TRANSCRIPTION_MODE_UNSPECIFIED VERBATIM SMART
        enum Behavior UNSPECIFIED BLOCKING NON_BLOCKING
        enum Scheduling SCHEDULING_UNSPECIFIED SILENT WHEN_IDLE INTERRUPT
        enum SchemaType TYPE_UNSPECIFIED STRING NUMBER INTEGER BOOLEAN ARRAY OBJECT NULL string number integer boolean array object null
        enum HarmCategory HARM_CATEGORY_UNSPECIFIED HARM_CATEGORY_HARASSMENT HARM_CATEGORY_HATE_SPEECH HARM_CATEGORY_SEXUALLY_EXPLICIT HARM_CATEGORY_DANGEROUS_CONTENT HARM_CATEGORY_CIVIC_INTEGRITY
        enum HarmBlockThreshold HARM_BLOCK_THRESHOLD_UNSPECIFIED BLOCK_LOW_AND_ABOVE BLOCK_MEDIUM_AND_ABOVE BLOCK_ONLY_HIGH BLOCK_NONE OFF
        """;

    private static readonly Dictionary<string, MessageType> Messages = new(StringComparer.Ordinal);
    private static readonly Dictionary<string, HashSet<string>> Enums = new(StringComparer.Ordinal);

    static LiveSchema()
    {
        // Declarations stand at the margin, fields are indented: a field may be called "enum".
        var lines = Table.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        foreach (var words in lines.Where(line => line.StartsWith("enum ", StringComparison.Ordinal)).Select(line => line.Split(' ')))
            Enums[words[1]] = [.. words[2..]];

        MessageType? message = null;
        foreach (var line in lines.Where(line => !line.StartsWith("enum ", StringComparison.Ordinal)))
        {
            if (line[0] == ' ')
                message!.Add(ParseField(line.Trim().Split(' ')));
            else
                Messages[line["message ".Length..]] = message = new MessageType(line["message ".Length..]);
        }
    }

    public static MessageType Message(string name) => Messages[name];

    public static bool IsEnumValue(string type, string value) => Enums[type].Contains(value);

    private static Field ParseField(string[] words)
    {
        var type = words[1];
        var repeated = type.EndsWith("[]", StringComparison.Ordinal);
        if (repeated)
            type = type[..^2];
        var isMap = type.StartsWith("map:", StringComparison.Ordinal);
        var oneOf = words.Length > 2 ? words[2][1..] : null;
        return new Field(words[0], Snake(words[0]), isMap ? FieldType.StringMap : Kind(type), isMap ? type[4..] : type, repeated, oneOf);
    }

    private static FieldType Kind(string type) => type switch
    {
        "string" => FieldType.String,
        "bool" => FieldType.Bool,
        "int32" => FieldType.Int32,
        "int64" => FieldType.Int64,
        "float" => FieldType.Float,
        "bytes" => FieldType.Bytes,
        "duration" => FieldType.Duration,
        "timestamp" => FieldType.Timestamp,
        "struct" => FieldType.Struct,
        "value" => FieldType.Value,
        "stringmap" => FieldType.StringMap,
        _ when Enums.ContainsKey(type) => FieldType.Enum,
        _ => FieldType.Message,
    };

    /// <summary>The snake_case spelling of a camelCase name.</summary>
    public static string Snake(string camel)
    {
        var snake = new StringBuilder(camel.Length + 4);
        foreach (var c in camel)
        {
            if (char.IsAsciiLetterUpper(c))
                snake.Append('_');
            snake.Append(char.ToLowerInvariant(c));
        }
        return snake.ToString();
    }
}
