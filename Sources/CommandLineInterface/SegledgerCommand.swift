package import ArgumentParser
package import Connector
internal import EventJSON
internal import Foundation
internal import SegmentModel
internal import Synchronization

/// `segledger`: the root of the commands.
package struct SegledgerCommand: AsyncParsableCommand {
    package static let configuration = CommandConfiguration(
        commandName: "segledger",
        abstract: "Keeps external SQL tables in step with marketing segments.",
        discussion: """
            Events go into a durable ledger in the data directory; your own SQL carries them to \
            the target tables; any table can be rebuilt from the ledger.

            Exit codes: 0 done, 1 failed, 2 usage or invalid configuration, 3 input refused, \
            4 integrity failure, 5 work remains undelivered or parked.
            """,
        subcommands: [
            DemoCommand.self, AppendCommand.self, ApplyCommand.self, LintCommand.self,
            ConnectorsCommand.self, IntegrationsCommand.self, SyncCommand.self, ResyncCommand.self,
            StatusCommand.self,
            StatsCommand.self, ErrorsCommand.self, ParkedCommand.self, TemplateCommand.self,
            AuditCommand.self,
            VerifyCommand.self, DumpCommand.self, BackupCommand.self, RestoreCommand.self,
            RebuildProjectionsCommand.self, GenerateCommand.self, BenchCommand.self,
        ])

    package init() {}

    /// Parses the arguments, runs, prints errors and ends the process with the right exit code.
    ///
    /// - Parameter connectors: the adapters of this build, named by the composition root.
    package static func runAndExit(connectors: ConnectorRegistry) async -> Never {
        Composition.install(connectors)
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            Foundation.exit(0)
        } catch let failure as Failure {
            ErrorReport.print(failure)
            Foundation.exit(ErrorReport.exitCode(failure.code))
        } catch let reported as ReportedFailure {
            Foundation.exit(reported.exitCode)
        } catch let error as CancellationError {
            ErrorReport.print(
                Failure(.interrupted, "interrupted: \(type(of: error))", hint: nil))
            Foundation.exit(1)
        } catch {
            exitAfterParsing(error)
        }
    }

    /// ArgumentParser's own errors: help goes to stdout with 0, misuse to stderr with 2.
    private static func exitAfterParsing(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        if code.isSuccess {
            Terminal.printLine(fullMessage(for: error))
            Foundation.exit(0)
        }
        guard code == .validationFailure else {
            ErrorReport.print(Failure(.storageFailed, "\(error)"))
            Foundation.exit(1)
        }
        ErrorReport.print(
            unknownCommand()
                ?? Failure(
                    .usageInvalid, message(for: error),
                    hint: "see 'segledger help' or 'segledger COMMAND --help'"))
        Foundation.exit(2)
    }

    /// What to say of a first word that is no command; nil if it is one.
    private static func unknownCommand() -> Failure? {
        guard let word = CommandLine.arguments.dropFirst().first, !word.hasPrefix("-") else {
            return nil
        }
        let names = configuration.subcommands.map { $0._commandName } + ["help"]
        if names.contains(word) { return nil }
        return Failure(
            .usageInvalid, "there is no command \(word)",
            hint: nearestName(to: word, in: names).map { "did you mean \($0)?" }
                ?? "see 'segledger help'")
    }
}

/// The adapters of this build: set once, before any command runs.
enum Composition {
    private static let installed = Mutex<ConnectorRegistry?>(nil)

    static func install(_ registry: ConnectorRegistry) {
        installed.withLock { $0 = registry }
    }

    static var connectors: ConnectorRegistry {
        guard let registry = installed.withLock({ $0 }) else {
            preconditionFailure("the composition root installs the connectors first")
        }
        return registry
    }
}

/// A failure whose sentences were printed already.
struct ReportedFailure: Error {
    let exitCode: Int32
}
