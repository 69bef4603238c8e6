import Foundation
import KindTesting
import OperatorConfiguration
import SegmentModel
import Testing

@Suite struct ConfigurationFileTests {
    @Test("The file of the design page is read as it is meant")
    func designExample() throws {
        let change = try parse(
            """
            connectors:
              warehouse: { kind: postgresql, url: "postgresql://sync@db/crm",
                           password: { env: CRM_PASSWORD } }
            integrations:
              crm-segments:
                description: Static segments for the call centre
                active: true
                scope: { database_id: 1, segments: all }
                connector: warehouse
                batch: { size: 1000, timeout: 60s }
                queries:
                  add_profiles: |
                    INSERT INTO mysegment (segId, clientId, updated) VALUES
                    {for $index, $lead = $batch}({segment_id}, '{$lead.CustomID}', now()){autocomma}
                    {end}
                  remove_profiles: DELETE FROM m WHERE clientId IN ({batch_in "CustomID"})
                  members: SELECT clientId FROM mysegment WHERE segId = {segment_id}
                member_key: CustomID
            """)
        let connector = try #require(change.connectors.first?.definition)
        #expect(connector.name == "warehouse")
        #expect(connector.secret == .environment("CRM_PASSWORD"))
        #expect(connector.poolSize == 4)
        let definition = try #require(change.integrations.first?.definition)
        #expect(definition.scope == .init(databaseID: 1, segments: .all))
        #expect(definition.batch == .batch(size: 1000))
        #expect(definition.batchTimeoutMilliseconds == 60_000)
        #expect(definition.queries.count == 3)
        #expect(definition.queries[.addProfiles]?.hasSuffix("{end}\n") == true)
        #expect(definition.memberKey == "CustomID")
        #expect(definition.start == .fill)
        #expect(change.storedSecrets.isEmpty)
    }

    @Test("Every setting of a connector is read")
    func connectorSettings() throws {
        let change = try parse(
            connector(
                """
                kind: postgresql, url: "postgresql://sync@db/crm", password: { file: /run/secret },
                tls: { mode: verify-full, ca_file: /etc/ca.pem }, connect_timeout: 500ms,
                statement_timeout: 2m, pool_size: 64
                """))
        let definition = try #require(change.connectors.first?.definition)
        #expect(definition.secret == .file("/run/secret"))
        #expect(definition.tlsMode == .verifyFull)
        #expect(definition.tlsAuthorityFile == "/etc/ca.pem")
        #expect(definition.connectTimeoutMilliseconds == 500)
        #expect(definition.statementTimeoutMilliseconds == 120_000)
        #expect(definition.poolSize == 64)
    }

    @Test("The other forms of scope, batch and start are read")
    func otherForms() throws {
        func read(_ scope: String, _ more: String = "") throws -> IntegrationDefinition {
            let text = integration(
                "scope: \(scope), connector: c, queries: { add_profiles: A, remove_profiles: R }"
                    + more)
            return try #require(try parse(text).integrations.first?.definition)
        }
        let ids = try read(
            "{ segments: { ids: [1, -2] } }", ", batch: individual, start: beginning")
        #expect(ids.scope == .init(databaseID: 1, segments: .ids([SegmentID(1), SegmentID(-2)])))
        #expect(ids.batch == .individual)
        #expect(ids.start == .beginning)
        let tags = try read(
            "{ database_id: 7, segments: { tags: [rfm, '2024'] } }", ", active: false")
        #expect(tags.scope == .init(databaseID: 7, segments: .tags(["rfm", "2024"])))
        #expect(tags.isActive == false)
        #expect(try read("{ segments: { groups: [a] } }").scope.segments == .groups(["a"]))
    }

    @Test(
        "INV-10: a plain password goes to the secrets, out of url and definition",
        arguments: [
            ("postgresql://u:p%40w%25@h:5432/db", "postgresql://u@h:5432/db"),
            (
                "postgresql://%75:p%40w%25@h/db?sslkey=/k.pem&sslcert=%2Fc.pem",
                "postgresql://u@h/db?sslkey=%2Fk.pem&sslcert=%2Fc.pem"
            ),
            ("postgres://u:p@w%25@[::1]:5432/db", nil), ("postgres://u:p%40w%@h/db", nil),
        ])
    func passwordInURL(_ url: String, _ rest: String?) throws {
        guard let rest else {
            let faults = #expect(throws: ConfigurationFaults.self) {
                try parse(connector("kind: postgresql, url: \"\(url)\""))
            }
            #expect(faults.map { "\($0.faults)" }?.contains("p@w") == false)
            return
        }
        let change = try parse(connector("kind: postgresql, url: \"\(url)\""))
        let definition = try #require(change.connectors.first?.definition)
        #expect(definition.url == rest)
        #expect(definition.secret == .stored)
        #expect(change.storedSecrets == ["c": "p@w%"])
        #expect(!change.encode().contains("p@w") && !change.encode().contains("p%40w"))
        let plain = try parse(
            connector("kind: postgresql, url: 'postgres://u@h/db', password: S3CRET"))
        #expect(plain.storedSecrets == ["c": "S3CRET"])
        #expect(!plain.encode().contains("S3CRET"))
    }

    @Test(
        "A sqlite url is a path in any of its spellings",
        arguments: [
            "/tmp/a.db", "sqlite:/tmp/a.db", "sqlite:///tmp/a.db", "file:/tmp/a.db",
            "/tmp/a@b:c.db",
        ])
    func sqlite(_ url: String) throws {
        let change = try parse(connector("kind: sqlite, url: \"\(url)\""))
        #expect(change.connectors.first?.definition?.url == url)
    }

    @Test(
        "A sqlite path from the working directory is kept as the whole path",
        arguments: ["a.db", "./a.db", ".//a.db", "sqlite:a.db", "file:a.db"])
    func relativeSQLite(_ url: String) throws {
        let change = try parse(connector("kind: sqlite, url: \"\(url)\""))
        let directory = FileManager.default.currentDirectoryPath
        #expect(change.connectors.first?.definition?.url == "sqlite://\(directory)/a.db")
    }

    @Test("Files that a connector names are kept with their whole path")
    func relativeFiles() throws {
        let change = try parse(
            connector(
                "kind: postgresql, url: 'postgresql://u@h/db', password: { file: ./secret }, "
                    + "tls: { mode: verify-full, ca_file: ca.pem }"))
        let directory = FileManager.default.currentDirectoryPath
        let definition = try #require(change.connectors.first?.definition)
        #expect(definition.secret == .file("\(directory)/secret"))
        #expect(definition.tlsAuthorityFile == "\(directory)/ca.pem")
    }

    @Test("An object given as null is removed, what is not named stays")
    func removal() throws {
        var state = ConfigurationState()
        state.apply(try parse(integration(whole)), at: Position(0))
        let connectors = state.connectors
        #expect(connectors.count == 1 && state.integrations.count == 1)
        let removal = try parse("connectors: { c: null }", existing: connectors)
        #expect(
            state.faults(applying: removal).map(\.description)
                == ["connectors.c: integration i still uses this connector"])
        let both = try parse("connectors: { c: ~ }\nintegrations: { i: }", existing: connectors)
        #expect(state.faults(applying: both).isEmpty)
        state.apply(both, at: Position(1))
        #expect(state == ConfigurationState())
    }

    @Test("A connector that becomes another kind is refused while old queries stand")
    func changedKind() throws {
        var state = ConfigurationState()
        state.apply(try parse(integration(whole)), at: Position(0))
        let change = try parse(connector("kind: postgresql, url: 'postgresql://u@h/d'"))
        #expect(
            state.faults(applying: change).map(\.description)
                == ["connectors.c.kind: integration i has queries for sqlite"])
    }

    @Test("A stored password is kept where the file says so")
    func storedPassword() throws {
        let text = connector(
            "kind: postgresql, url: 'postgresql://u@h/d', password: { stored: true }")
        #expect(throws: ConfigurationFaults.self) { try parse(text) }
        var existing = ConnectorDefinition(name: "c", kind: .postgresql, url: "postgresql://u@h/d")
        existing.secret = .stored
        let change = try parse(text, existing: ["c": existing])
        #expect(change.connectors.first?.definition?.secret == .stored)
        #expect(change.storedSecrets.isEmpty)
    }
}
