import EventJSON
import KindTesting
import OperatorConfiguration
import SegmentModel
import Testing

@Suite struct CanonicalFormTests {
    private func sample() throws -> ConfigurationChange {
        var stored = ConnectorDefinition(
            name: "stored", kind: .postgresql, url: "postgresql://u@h/d")
        stored.secret = .stored
        return try parse(
            """
            connectors:
              z: { kind: sqlite, url: /tmp/x.db, connect_timeout: 90s }
              a: { kind: postgresql, url: "postgresql://u@h/d", password: { env: P },
                   tls: { mode: require, ca_file: /ca }, pool_size: 3,
                   allow_cleartext_password: true }
              f: { kind: postgresql, url: "postgresql://u@h/d", password: { file: /p } }
              stored: { kind: postgresql, url: "postgresql://u@h/d", password: { stored: true } }
              gone: null
            integrations:
              one: { description: "Ünï \\"x\\"", active: false, connector: z, start: beginning,
                     scope: { database_id: -4, segments: { ids: [3, 1] } }, member_key: K,
                     batch: { size: 7, timeout: 1500ms },
                     queries: { add_profiles: "A\\n{segment_id}", remove_profiles: R, members: M } }
              two: { connector: a, scope: { segments: { tags: [a, b] } }, batch: individual,
                     coalesce: true,
                     queries: { add_profiles: A, remove_profiles: R } }
              three: { connector: a, scope: { segments: { groups: [a] } },
                       queries: { add_profiles: A, remove_profiles: R, clear_segment: C,
                                  save_segment: S, delete_segment: D } }
              four: null
            """, existing: ["stored": stored])
    }

    @Test("INV-5: the canonical form reads back as the same state, and is itself canonical")
    func roundTrip() throws {
        let change = try sample()
        let text = change.encode()
        let again = try ConfigurationChange.decode(text.utf8)
        #expect(again.encode() == text)
        #expect(again.connectors.map(\.name) == ["a", "f", "gone", "stored", "z"])
        var (first, second) = (ConfigurationState(), ConfigurationState())
        first.apply(change, at: Position(0))
        second.apply(again, at: Position(0))
        #expect(first == second)
        #expect(first.connectors.count == 4 && first.integrations.count == 3)
    }

    @Test("The canonical form is a configuration file")
    func isConfiguration() throws {
        let change = try sample()
        var state = ConfigurationState()
        state.apply(change, at: Position(0))
        let again = try parse(change.encode(), existing: state.connectors)
        #expect(again.encode() == change.encode())
    }

    @Test("Keys of a later version are ignored")
    func unknownKeys() throws {
        let text = try sample().encode()
        let later = text.replacing("{\"kind\"", with: "{\"added_later\":[1],\"kind\"")
            .replacing("{\"description\"", with: "{\"added_later\":{},\"description\"")
        #expect(later != text)
        #expect(try ConfigurationChange.decode(later.utf8).encode() == text)
    }

    @Test("A form that cannot be read is refused without its content")
    func refused() throws {
        for text in [
            #"{"connectors":{"a":{"kind":["S3CRET"],"url":"x"}}}"#, #"{"connectors":{"a":7}}"#,
            #"{"integrations":{"a":{}}}"#, "[]",
            #"{"connectors":{"a":{"kind":"sqlite","url":"x","password":{"vault":"S3CRET"}}}}"#,
        ] {
            let failure = try #require(throws: Failure.self) {
                try ConfigurationChange.decode(text.utf8)
            }
            #expect(failure.code == .formatUnknown)
            #expect(!failure.description.contains("S3CRET"))
        }
    }

    @Test("Nothing is an empty change")
    func empty() throws {
        #expect(ConfigurationChange().encode() == #"{"connectors":{},"integrations":{}}"#)
        #expect(try ConfigurationChange.decode("{}".utf8).isEmpty)
    }
}
