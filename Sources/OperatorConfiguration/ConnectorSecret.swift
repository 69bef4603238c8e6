internal import Glibc
package import SegmentModel
package import StorageIO

/// Finds a connector's password where its definition says that it is.
package struct ConnectorSecret: Sendable {
    private let file: SecretFile
    private let uses: SecretFile.Uses
    private let fileSystem: any FileSystem

    /// - Parameters:
    ///   - directory: the data directory.
    ///   - state: the configuration as the ledger holds it.
    package init(
        directory: String, state: ConfigurationState,
        fileSystem: any FileSystem = LocalFileSystem()
    ) {
        file = SecretFile(directory: directory, fileSystem: fileSystem)
        uses = state.storedSecretUses
        self.fileSystem = fileSystem
    }

    /// The password; nil: the connector has none. Blocks on files.
    ///
    /// - Throws: `configurationInvalid` with the place, never with a part of what stands there.
    package func find(_ connector: ConnectorDefinition) throws(Failure) -> String? {
        let name = connector.name
        switch connector.secret {
        case .none: return nil
        case .environment(let variable):
            return try Self.text(
                try Self.bytes(variable: variable, name),
                "connector \(name): the environment variable \(variable)")
        case .file(let path):
            return try Self.text(
                try bytes(path: path, name), "connector \(name): the password file \(path)")
        case .stored:
            let found: String?
            do {
                found = try uses[name].flatMap { try file.password(of: name, at: $0) }
            } catch let failure as Failure {
                throw failure.wrapped("connector \(name)")
            } catch {
                preconditionFailure("a file of passwords throws failures")
            }
            guard let found else {
                throw Failure(
                    .configurationInvalid,
                    "connector \(name): its password is not in \(file.path)",
                    hint: "apply the configuration again, with the password")
            }
            return found
        }
    }

    private static func text(_ bytes: [UInt8], _ place: String) throws(Failure) -> String {
        do throws(SecretText.Problem) {
            return try SecretText.read(bytes)
        } catch {
            throw Failure(.configurationInvalid, "\(place) \(error.rule)", hint: error.hint)
        }
    }

    /// A byte more than the limit at most.
    private static func bytes(variable: String, _ connector: String) throws(Failure) -> [UInt8] {
        guard let value = getenv(variable) else {
            throw Failure(
                .configurationInvalid,
                "connector \(connector): the environment variable \(variable) is not set",
                hint: "set \(variable) where segledger runs")
        }
        let count = strnlen(value, Limits.secretByteCountMax + 1)
        return UnsafeRawBufferPointer(start: value, count: count).map { $0 }
    }

    private func bytes(path: String, _ connector: String) throws(Failure) -> [UInt8] {
        do throws(StorageError) {
            let file = try fileSystem.open(path, .read)
            let bytes: [UInt8]
            do throws(StorageError) {
                bytes = try file.readAll(path, limit: Limits.secretByteCountMax)
            } catch {
                try file.close()
                throw error
            }
            try file.close()
            return bytes
        } catch {
            throw Failure(
                .configurationInvalid,
                "connector \(connector): the password file cannot be read: "
                    + error.failure.message,
                hint: error.misfit == nil
                    ? "check the path and its permissions"
                    : "name a regular file that holds the password alone, of "
                        + "\(Limits.secretByteCountMax) bytes at most")
        }
    }
}
