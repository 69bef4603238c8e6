import Glibc

// A seed replays only where sets and dictionaries have the same order in each process.
if getenv("SWIFT_DETERMINISTIC_HASHING") == nil {
    setenv("SWIFT_DETERMINISTIC_HASHING", "1", 1)
    execv("/proc/self/exe", CommandLine.unsafeArgv)
    fatalError("the simulator cannot start itself anew")
}
Scheduler.install()
exit(Simulator(arguments: Array(CommandLine.arguments.dropFirst())).run())
