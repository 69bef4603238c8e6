internal import Connector
internal import OperatorConfiguration
internal import SegmentModel
internal import StorageIO

/// Makes connectors with their passwords. Blocks on the files that hold them.
struct ConnectorMaker: Sendable {
    let secret: ConnectorSecret

    func make(_ definition: ConnectorDefinition) throws -> any Connector {
        if let path = definition.tlsAuthorityFile {
            // The clients open it themselves, and would wait for the other end of a pipe.
            do throws(StorageError) {
                try RegularFile.requireAtMost(path)
            } catch {
                throw Failure(
                    .configurationInvalid,
                    "connector \(definition.name): tls.ca_file: \(error.failure.message)",
                    hint: "name a regular file with the authority's certificate")
            }
        }
        return try Composition.connectors.makeConnector(
            definition, secret: try secret.find(definition))
    }
}
