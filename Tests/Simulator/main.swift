import Glibc

Scheduler.install()
exit(Simulator(arguments: Array(CommandLine.arguments.dropFirst())).run())
