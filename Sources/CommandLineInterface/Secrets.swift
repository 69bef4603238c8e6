internal import Foundation
internal import SegmentModel

/// Passwords: from the environment, from a file, or from `secrets.json` in the data directory (mode
/// 0600). They never enter the ledger, a message or a log (INV-10).
enum Secrets {
    static func path(_ directory: String) -> String { directory + "/secrets.json" }

    static func resolve(_ connector: ConnectorDefinition, directory: String) throws -> String? {
        switch connector.secret {
        case .none: return nil
        case .environment(let name):
            guard let value = ProcessInfo.processInfo.environment[name] else {
                throw Failure(
                    .configurationInvalid,
                    "connector \(connector.name): the environment variable \(name) is not set",
                    hint: "set \(name) where segledger runs")
            }
            return value
        case .file(let path):
            return try firstLine(of: path, connector.name)
        case .stored:
            guard let value = try load(directory)[connector.name] else {
                throw Failure(
                    .configurationInvalid,
                    "connector \(connector.name): its password is not in \(path(directory))",
                    hint: "apply the configuration again, with the password")
            }
            return value
        }
    }

    private static func firstLine(of path: String, _ connector: String) throws -> String {
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return text.split(separator: "\n", omittingEmptySubsequences: false).first
                .map(String.init) ?? ""
        } catch {
            throw Failure(
                .configurationInvalid,
                "connector \(connector): the password file \(path) cannot be read",
                hint: "check the path and its permissions")
        }
    }

    private static func load(_ directory: String) throws -> [String: String] {
        let path = path(directory)
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        do {
            return try JSONDecoder().decode(
                [String: String].self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        } catch {
            throw Failure(
                .configurationInvalid, "\(path) cannot be read as JSON",
                hint: "apply the configuration again, with its passwords, after moving it aside")
        }
    }

    /// Merges new secrets into the file: written aside with mode 0600, then renamed.
    static func store(_ secrets: [String: String], directory: String) throws {
        guard !secrets.isEmpty else { return }
        let all = try load(directory).merging(secrets) { $1 }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
        let temporary = path(directory) + ".new"
        let created = FileManager.default.createFile(
            atPath: temporary, contents: try encoder.encode(all),
            attributes: [.posixPermissions: 0o600])
        guard created, rename(temporary, path(directory)) == 0 else {
            throw Failure(
                .storageFailed, "\(path(directory)) cannot be written",
                hint: "check the data directory's permissions and free space")
        }
    }
}
