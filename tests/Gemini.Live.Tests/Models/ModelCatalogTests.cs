using Gemini.Live.Models;

namespace Gemini.Live.Tests.Models;

public sealed class ModelCatalogTests
{
    [Theory]
    [InlineData("gemini-3.8-live", ModelFamily.Live38)]
    [InlineData("models/gemini-3.8-live", ModelFamily.Live38)]
    [InlineData("models/gemini-3.8-live-extended-thinking", ModelFamily.Live38ExtendedThinking)]
    [InlineData("publishers/google/models/gemini-3.1-flash-live-preview", ModelFamily.FlashLive31)]
    [InlineData("projects/p/locations/us-central1/publishers/google/models/gemini-live-2.5-flash-native-audio", ModelFamily.NativeAudio25)]
    [InlineData("models/gemini-2.5-flash-native-audio-preview-12-2025", ModelFamily.NativeAudio25)]
    [InlineData("models/gemini-2.5-flash-native-audio-latest", ModelFamily.NativeAudio25)]
    public void Find_AKnownModelInAnySpelling_GivesItsFamily(string model, ModelFamily family)
    {
        Assert.Equal(family, ModelCatalog.Find(model, out var known).Family);
        Assert.True(known);
    }

    [Theory]
    [InlineData("models/gemini-4.0-live")]
    [InlineData("models/gemini-3.8-live-2")]
    [InlineData("models/")]
    [InlineData("")]
    [InlineData("gemini-2.5-flash-native-audio")]
    public void Find_AnUnknownModel_GivesTheNewestFamilyAndSaysSo(string model)
    {
        Assert.Equal("gemini-3.8-live", ModelCatalog.Find(model, out var known).Id);
        Assert.False(known);
    }

    [Fact]
    public void EveryEntry_IsConsistentWithItself()
    {
        Assert.Equal(ModelCatalog.All.Count, ModelCatalog.All.Select(entry => entry.Id).Distinct(StringComparer.Ordinal).Count());
        foreach (var entry in ModelCatalog.All)
        {
            Assert.Same(entry, ModelCatalog.Find(entry.Id.Replace("*", "x", StringComparison.Ordinal), out _));
            Assert.True(entry.Functions.Allowed.HasFlag(entry.Functions.Default), entry.Id);
            Assert.True(entry.Thinking.DefaultLevel is null || entry.Thinking.Levels.Contains(entry.Thinking.DefaultLevel), entry.Id);
            Assert.Equal(131_072, entry.ContextWindowTokens);
        }
    }

    [Fact]
    public void WhatTellsTheModelsApart_IsAsTheSourcesSay()
    {
        var native = ModelCatalog.Find("gemini-2.5-flash-native-audio-latest", out _);
        var flash = ModelCatalog.Find("gemini-3.1-flash-live-preview", out _);
        var live = ModelCatalog.Find("gemini-3.8-live", out _);
        var thinking = ModelCatalog.Find("gemini-3.8-live-extended-thinking", out _);

        Assert.Equal(
            [TurnCoverage.OnlyActivity, TurnCoverage.AudioActivityAndAllVideo, TurnCoverage.AudioActivityAndAllVideo, TurnCoverage.AudioActivityAndAllVideo],
            new[] { native, flash, live, thinking }.Select(entry => entry.DefaultTurnCoverage));
        Assert.Equal([false, false, false, true], new[] { native, flash, live, thinking }.Select(entry => entry.StatusEndsWork));
        Assert.Equal([false, false, true, true], new[] { native, flash, live, thinking }.Select(entry => entry.MayStaySilent));
        Assert.Equal(FunctionBehaviours.NonBlocking, thinking.Functions.Allowed);
        Assert.DoesNotContain("minimal", thinking.Thinking.Levels);
        Assert.Equal(TimeSpan.FromSeconds(30), native.InputTranscriptionStopsAfter);
        Assert.True(flash.ResumptionUpdateUnasked);
        Assert.Equal(AffectiveDialogRule.DeferredRefusal, live.AffectiveDialog);
        Assert.Equal((0.50m, 12.00m), (native.Prices.TextIn, native.Prices.AudioOut));
        Assert.Equal((0.75m, 4.50m), (thinking.Prices.TextIn, thinking.Prices.TextOut));
    }
}
