BenchmarkDotNet.Running.BenchmarkSwitcher.FromAssembly(typeof(Orchestrator.Bench.Micro.ScannerBenchmarks).Assembly).Run(args);
