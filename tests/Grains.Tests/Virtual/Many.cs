using Xunit;
namespace Orchestrator.Grains.Tests.Virtual;

/// <summary>Plays schedules, judges each, and says which one failed.</summary>
internal static class Many
{
    public static void Run(IEnumerable<Schedule> schedules, bool mustSurvive)
    {
        var failures = new List<string>();
        var played = 0;
        foreach (var schedule in schedules)
        {
            played++;
            try
            {
                Play(schedule, mustSurvive);
            }
            catch (Exception failure)
            {
                failures.Add($"{schedule}\n    {failure.Message}\n    {failure.StackTrace?.Split('\n').FirstOrDefault(line => line.Contains("Virtual", StringComparison.Ordinal))?.Trim()}");
            }
        }

        Assert.True(failures.Count == 0, $"{failures.Count} of {played} conversations failed:\n{string.Join('\n', failures.Take(12))}");
    }

    public static VirtualConversation Play(Schedule schedule, bool mustSurvive)
    {
        Assert.All(schedule.Faults, fault => Assert.True(Exclusions.IsPlayed(fault.Action)));
        var conversation = new VirtualConversation(schedule).Play();
        if (mustSurvive)
        {
            Assert.Null(conversation.Client.Closed);
        }

        try
        {
            new Oracle(conversation).Check();
        }
        catch (Exception failure)
        {
            throw new InvalidOperationException($"{failure.Message}\n{conversation.Story()}", failure);
        }

        return conversation;
    }
}
