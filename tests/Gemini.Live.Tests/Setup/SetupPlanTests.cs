using System.Text;
using System.Text.Json;
using Gemini.Live.Models;
using Gemini.Live.Scanning;
using Gemini.Live.Setup;
using Gemini.Live.Tests.Scanning;
using Gemini.Live.Tests.Support;

namespace Gemini.Live.Tests.Setup;

public sealed class SetupPlanTests
{
    [Fact]
    public void Read_OfTheFullSetup_FindsWhatTheConversationNeeds()
    {
        foreach (var spelling in new[] { "camel", "snake" })
        {
            var plan = Plan(Golden.Read($"setup/gemini-3.8-live.{spelling}.client.json"));
            Assert.Equal(("models/gemini-3.8-live", ModelFamily.Live38, true), (plan.Model, plan.Entry.Family, plan.ModelKnown));
            Assert.Equal((true, true, true, (string?)null), (plan.WantsInputTranscription, plan.WantsOutputTranscription, plan.WantsResumption, plan.Handle));
            Assert.Equal((false, false, false, true), (plan.ManualActivity, plan.AwaitsConsent, plan.HasInitialHistory, plan.OffersProactivity));
            Assert.Equal((false, TimeSpan.FromMilliseconds(700)), (plan.NoInterruption, plan.SilenceDuration));

            var native = Plan(Golden.Read($"setup/gemini-2.5-flash-native-audio.{spelling}.client.json"));
            Assert.Equal(("client-handle", true, true, false), (native.Handle, native.OffersProactivity, native.WantsInputTranscription, native.WantsOutputTranscription));
            Assert.DoesNotContain("client-handle", native.Setup.GetRawText(), StringComparison.Ordinal);

            var flash = Plan(Golden.Read($"setup/gemini-3.1-flash-live-preview.{spelling}.client.json"));
            Assert.Equal((true, false, false), (flash.ManualActivity, flash.WantsResumption, flash.OffersProactivity));

            var thinking = Plan(Golden.Read($"setup/gemini-3.8-live-extended-thinking.{spelling}.client.json"));
            Assert.Equal((true, "0b6e"), (thinking.HasInitialHistory, thinking.Handle));
        }
    }

    [Fact]
    public void Read_OfConsentAudio_WaitsForConsent() =>
        Assert.True(Plan("""{"setup":{"model":"m","generation_config":{"speechConfig":{"voice_config":{"replicatedVoiceConfig":{"consentAudio":"AAAA"}}}}}}"""u8).AwaitsConsent);

    [Theory]
    [InlineData("{", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("{\"setup\":[]}", "Invalid value at 'setup'.")]
    [InlineData("{\"setup\":{}}", "Request contains an invalid argument.")]
    [InlineData("{\"setup\":{\"model\":\"\"}}", "Request contains an invalid argument.")]
    [InlineData("{\"setup\":{\"model\":5}}", "Invalid value at 'setup.model'.")]
    [InlineData("{\"setup\":{\"model\":\"\\ud800\"}}", "Invalid JSON payload received. Unexpected token.")]
    [InlineData("{\"setup\":{\"model\":\"m\"},\"config\":{}}", "Invalid JSON payload received. Unknown name \"config\": Cannot find field.")]
    [InlineData("{\"realtimeInput\":{\"text\":\"hi\"}}", "Request contains an invalid argument.")]
    [InlineData("{\"setup\":{\"model\":\"m\",\"sessionResumption\":true}}", "Invalid value at 'setup.session_resumption'.")]
    [InlineData("{\"setup\":{\"model\":\"m\",\"session_resumption\":{\"handle\":7}}}", "Invalid value at 'setup.session_resumption.handle'.")]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-3.8-live\",\"generationConfig\":{\"responseModalities\":[\"TEXT\"]}}}", "Request contains an invalid argument.")]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-3.8-live\",\"proactivity\":{\"proactiveAudio\":false}}}", "Request contains an invalid argument.")]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-3.8-live-extended-thinking\",\"tools\":[{\"function_declarations\":[{\"name\":\"f\",\"behavior\":\"BLOCKING\"}]}]}}", "Request contains an invalid argument.")]
    public void Read_OfWhatNoModelTakes_IsRefusedInGooglesWords(string json, string reason)
    {
        Assert.False(SetupPlan.TryRead(Encoding.UTF8.GetBytes(json), out _, out var fault));
        Assert.Equal(new WireFault(1007, reason), fault);
    }

    [Theory]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-9\",\"generationConfig\":{\"responseModalities\":[\"TEXT\"]}}}")]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-3.8-live\",\"enableAffectiveDialog\":true,\"generationConfig\":7,\"tools\":{},\"realtimeInputConfig\":[]}}")]
    [InlineData("{\"setup\":{\"model\":\"models/gemini-3.8-live\",\"generationConfig\":{\"enableAffectiveDialog\":true}}}")]
    public void Read_OfWhatIsUpstreamsToJudge_GoesOn(string json) => Plan(Encoding.UTF8.GetBytes(json));

    [Fact]
    public void Hash_DependsOnTheSetupAndNotOnItsSpelling()
    {
        var hash = Plan("""{"setup":{"model":"m","tools":[{"a":1,"b":"é"}]}}"""u8).Hash;
        Assert.Matches("^[0-9a-f]{64}$", hash);
        Assert.Equal(hash, Plan("""{ "setup" : {"tools":[{"b":"\u00e9","a":1}],"sessionResumption":{"handle":"x"},"model":"\u006d"} }"""u8).Hash);
        Assert.Equal(hash, Plan("""{"setup":{"session_resumption":{},"model":"m","tools":[{"a":1,"b":"é"}]}}"""u8).Hash);
        Assert.NotEqual(hash, Plan("""{"setup":{"model":"m","tools":[{"a":2,"b":"é"}]}}"""u8).Hash);
        Assert.NotEqual(hash, Plan("""{"setup":{"model":"m","tools":[{"a":1,"b":"é","sessionResumption":{}}]}}"""u8).Hash);
    }

    [Fact]
    public void Read_OfDamagedSetups_NeverThrows()
    {
        var frames = new RandomFrames(51);
        var golden = Golden.Read("setup/gemini-3.8-live.camel.client.json");
        var accepted = 0;
        for (var i = 0; i < 5000; i++)
        {
            if (SetupPlan.TryRead(frames.Damaged(golden), out var plan, out _))
            {
                accepted++;
                using var written = JsonDocument.Parse(UpstreamSetup.Write(plan, "h"));
                Assert.Equal(plan.Hash, SetupPlan.FromJournal(plan.Setup).Hash);
            }
        }

        Assert.InRange(accepted, 100, 4900);
    }

    private static SetupPlan Plan(ReadOnlySpan<byte> frame)
    {
        Assert.True(SetupPlan.TryRead(frame, out var plan, out var fault), fault.Reason);
        return plan;
    }
}
