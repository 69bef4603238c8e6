internal import EventJSON
internal import Glibc
package import SegmentModel
package import StorageIO

/// `secrets.json` in the data directory: passwords that a configuration gave in plain text. They
/// never enter the ledger, a message or a log (INV-10).
///
/// Each stands with the ledger position that it holds from: it is written before the event that
/// needs it is appended, and in force once that event is in the ledger. So whatever fails or ends
/// between the two, the ledger says which password holds: the old one until the event, the new one
/// from then on.
///
/// Invariants:
/// - the file is its owner's alone (mode 0600) from its first byte; one that others may read or
///   write, a link, and anything but a regular file are refused;
/// - a crash leaves the old file or the new one: written aside, synced, renamed, the directory
///   synced;
/// - what no connector of the ledger uses any more is removed with the next `apply`, and an empty
///   file with it; so is what a crash has left aside;
/// - one process writes: the one that holds the data directory's lock.
///
/// ```json
/// {"version":2,"secrets":[{"connector":"crm","from":12,"password":"…"}]}
/// ```
/// Versions before held `{"crm":"…"}`, which is read as from position 0.
package struct SecretFile: Sendable {
    package static let name = "secrets.json"

    private struct Entry: Hashable {
        var connector: String
        var from: Position
        var password: String
    }

    /// Connectors whose password is stored, and the position of the event that said so last.
    package typealias Uses = [String: Position]

    private let directory: String
    private let fileSystem: any FileSystem

    package init(directory: String, fileSystem: any FileSystem = LocalFileSystem()) {
        self.directory = directory
        self.fileSystem = fileSystem
    }

    package var path: String { directory + "/" + Self.name }
    private static let unfinished = ".new"
    private var temporary: String { path + Self.unfinished }

    /// The password of a connector whose definition is the event at `position`; nil: there is none.
    /// Blocks on files.
    package func password(of connector: String, at position: Position) throws -> String? {
        let entries = try read()
        return Self.inForce(entries, connector, position)?.password
    }

    /// Adds passwords for an event that will stand at `end` or behind it, and forgets what is not
    /// in force before. Blocks on files; the caller holds the data directory's lock.
    package func add(_ passwords: [String: String], from end: Position, uses: Uses) throws {
        let old = try read()
        let new = passwords.map { Entry(connector: $0, from: end, password: $1) }
        try replace(old, by: Self.used(old, uses) + new)
    }

    /// Forgets every password that is not in force. Blocks on files; the caller holds the data
    /// directory's lock.
    package func removeUnused(_ uses: Uses) throws {
        let old = try read()
        try replace(old, by: Self.used(old, uses))
    }

    private static func used(_ entries: [Entry], _ uses: Uses) -> [Entry] {
        uses.compactMap { inForce(entries, $0, $1) }
    }

    /// The last one that began at `position` or before.
    private static func inForce(
        _ entries: [Entry], _ connector: String, _ position: Position
    ) -> Entry? {
        entries.filter { $0.connector == connector && $0.from <= position }
            .max { $0.from < $1.from }
    }

    // MARK: Reading

    private func read() throws -> [Entry] {
        let bytes: [UInt8]
        do throws(StorageError) {
            let file = try fileSystem.open(path, .readPrivate)
            do throws(StorageError) {
                bytes = try file.readAll(path, limit: Limits.secretFileByteCountMax)
            } catch {
                try file.close()
                throw error
            }
            try file.close()
        } catch {
            // Not asked for by `exists`, which follows links.
            if error.errno == ENOENT { return [] }
            throw error.failure
        }
        guard let entries = Self.decode(bytes) else {
            throw Failure(
                .configurationInvalid, "\(path) cannot be read",
                hint: "move it aside, and apply the configuration again, with its passwords")
        }
        return entries
    }

    private static func decode(_ bytes: [UInt8]) -> [Entry]? {
        let value: JSONValue
        do throws(JSONFault) {
            value = try JSONValue(bytes)
        } catch {
            // The fault's text may hold a part of a password: who reads is told no more than this.
            return nil
        }
        guard let members = value.object else { return nil }
        let version: Int? = value["version"]?.integer()
        guard version == 2, let list = value["secrets"]?.array else {
            let entries = members.compactMap { name, password in
                password.string.map {
                    Entry(connector: name.text, from: Position(0), password: $0)
                }
            }
            return entries.count == members.count ? entries : nil
        }
        let entries = list.compactMap { entry -> Entry? in
            guard let connector = entry["connector"]?.string,
                let from = entry["from"]?.integer(UInt64.self),
                let password = entry["password"]?.string
            else { return nil }
            return Entry(connector: connector, from: Position(from), password: password)
        }
        return entries.count == list.count ? entries : nil
    }

    // MARK: Writing

    private func replace(_ old: [Entry], by new: [Entry]) throws {
        do throws(StorageError) {
            let hasRemains = try fileSystem.list(directory).contains(Self.name + Self.unfinished)
            // What a crash left may hold passwords, and stands in the way.
            if hasRemains { try fileSystem.remove(temporary) }
            if Set(new) != Set(old) {
                if new.isEmpty {
                    try fileSystem.remove(path)
                } else {
                    try put(Self.encode(new))
                }
            } else if !hasRemains {
                return
            }
            try fileSystem.syncDirectory(directory)
        } catch {
            throw error.failure
        }
    }

    private func put(_ bytes: [UInt8]) throws(StorageError) {
        let file = try fileSystem.open(temporary, .createNew)
        do throws(StorageError) {
            try file.write(bytes, at: 0)
            try file.syncAll()
        } catch {
            try file.close()
            throw error
        }
        try file.close()
        try fileSystem.rename(temporary, to: path)
    }

    /// A line each, sorted: for whoever has to look into it.
    private static func encode(_ entries: [Entry]) -> [UInt8] {
        var bytes = Array("{\"version\":2,\"secrets\":[".utf8)
        let sorted = entries.sorted { ($0.connector, $0.from) < ($1.connector, $1.from) }
        for (index, entry) in sorted.enumerated() {
            bytes += (index == 0 ? "\n" : ",\n").utf8
            var json = JSONWriter(appendingTo: bytes)
            json.beginObject()
            json.member("connector", entry.connector)
            json.member("from", entry.from.rawValue)
            json.member("password", entry.password)
            json.endObject()
            bytes = json.bytes
        }
        return bytes + "\n]}\n".utf8
    }
}
