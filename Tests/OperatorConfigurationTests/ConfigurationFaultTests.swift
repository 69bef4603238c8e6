import KindTesting
import OperatorConfiguration
import SegmentModel
import Testing

struct FaultCase: Sendable, CustomTestStringConvertible {
    let text: String
    let fault: String
    let hint: String?

    init(_ text: String, _ fault: String, _ hint: String? = nil) {
        self.text = text
        self.fault = fault
        self.hint = hint
    }

    var testDescription: String { fault }
}

private let queryHint = "write add_profiles and remove_profiles, each with its SQL"
private let segmentsHint = "write all, { ids: [..] }, { tags: [..] } or { groups: [..] }"
private let durationHint = "write a number and its unit, for example 500ms, 10s, 2m or 1h"
private let batchHint = "write { size: 1000, timeout: 60s } or individual"
private let addressHint = "write an address like postgresql://user@host/database"
private let passwordHint = "write { env: NAME }, { file: PATH } or the password in quotes"
private let parameterHint =
    "take it out of the url and name its source, for example password: { env: NAME }"
private let escapeHint =
    "write @ : / ? # of a password as %40 %3A %2F %3F %23, or give the password apart as "
    + "password: { env: NAME }"
private let postgres = "kind: postgresql, url: 'postgresql://u@h/d'"
private let queries = "queries: { add_profiles: A, remove_profiles: R }"

private let fileFaults: [FaultCase] = [
    FaultCase("", "the file is empty", "write connectors: and integrations:, or one of them"),
    FaultCase(
        "[]", "must be a mapping, not a list", "write connectors: and integrations:, or one of them"
    ),
    FaultCase("connector: {}", "connector: is an unknown key", "did you mean connectors?"),
    FaultCase(
        "connectors: 3", "connectors: must be a mapping of names, not a number",
        "write each name with its object"),
    FaultCase(
        "connectors: {}\nconnectors: {}", "1:1: connectors: is given twice",
        "a key stands once in its mapping"),
    FaultCase(
        "a: 'S3CRET", "1:11: wrong YAML: found unexpected end of stream",
        "check indentation, quotes and colons there"),
    FaultCase(
        "connectors: { 'a b': {} }",
        "connectors.a b: a name is 1 to 128 letters (a-z, A-Z), digits, -, _ and .",
        "write for example a-b; free text goes into an integration's description"),
]

private let connectorFaults: [FaultCase] = [
    FaultCase(
        connector("url: /a"), "connectors.c.kind: is missing",
        "write one of postgresql, mysql, sqlite"),
    FaultCase(
        connector("kind: sqlite"), "connectors.c.url: is missing",
        "write a path, for example sqlite:///var/lib/crm.db"),
    FaultCase(
        connector("kind: postgres, url: /a"),
        "connectors.c.kind: must be one of postgresql, mysql, sqlite",
        "did you mean postgresql?"),
    FaultCase(
        connector("kind: oracle, url: 'odbc:DSN=d'"),
        "connectors.c.kind: must be one of postgresql, mysql, sqlite",
        "use a database of a kind that this build reaches"),
    FaultCase(
        connector("kind: mysql, url: 'postgresql://u:S3CRET@h/d'"),
        "connectors.c.url: must start with mysql://",
        "write an address like mysql://user@host/database"),
    FaultCase(
        connector("kind: postgresql, url: 'host=h password=S3CRET'"),
        "connectors.c.url: must start with postgresql://", addressHint),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u:S3@CRET@h/d'"),
        "connectors.c.url: has an @ too many", escapeHint),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u:S3/CRET@h/d'"),
        "connectors.c.url: has an @ too many", escapeHint),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u:S3CRET%@h/d'"),
        "connectors.c.url: has a password with a wrong % escape", "write % itself as %25"),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u:S3CRET@h/d?password=x'"),
        "connectors.c.url: holds a password or another secret as a parameter", parameterHint),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u:S3CRET@h/d', password: x"),
        "connectors.c.password: the url holds a password as well", "keep one of them"),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u@h/d?sslpassword=S3CRET'"),
        "connectors.c.url: holds a password or another secret as a parameter", parameterHint),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u@h/d?sslmode=require'"),
        "connectors.c.url: has parameters that it does not take",
        "write tls: { mode: verify-full, ca_file: PATH } into the connector"),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://h/d'"), "connectors.c.url: names no user",
        addressHint),
    FaultCase(
        connector("kind: postgresql, url: 'postgresql://u@a,b/d'"),
        "connectors.c.url: names several hosts",
        "name one, or an address that stands for all of them"),
    FaultCase(
        connector("kind: mysql, url: 'mysql://u@h:S3CRET/d'"),
        "connectors.c.url: has a port that is none",
        "write a number from 1 to 65535 behind the host; a password stands apart, as "
            + "password: { env: NAME }"),
    FaultCase(
        connector("kind: sqlite, url: 'http://x'"), "connectors.c.url: must be the path of a file",
        "write a path, for example sqlite:///var/lib/crm.db"),
    FaultCase(
        connector("kind: sqlite, url: /a, password: x"),
        "connectors.c.password: does not belong to sqlite, which is a file"),
    FaultCase(
        connector(postgres + ", passwort: x"), "connectors.c.passwort: is an unknown key",
        "did you mean password?"),
    FaultCase(
        connector(postgres + ", password: 12345"),
        "connectors.c.password: must be a mapping, not a number", passwordHint),
    FaultCase(
        connector(postgres + ", password: { env: A, file: b }"),
        "connectors.c.password: must have one of env, file and stored", passwordHint),
    FaultCase(
        connector(postgres + ", tls: { mode: verify_full }"),
        "connectors.c.tls.mode: must be one of disable, prefer, require, verify-ca, verify-full",
        "did you mean verify-full?"),
    FaultCase(
        connector(postgres + ", tls: {}"), "connectors.c.tls.mode: is missing",
        "write { mode: verify-full, ca_file: PATH }"),
    FaultCase(
        connector(postgres + ", connect_timeout: 10"),
        "connectors.c.connect_timeout: must be a duration, not a number", durationHint),
    FaultCase(
        connector(postgres + ", connect_timeout: 10 s"),
        "connectors.c.connect_timeout: must be a duration", durationHint),
    FaultCase(
        connector(postgres + ", statement_timeout: 25h"),
        "connectors.c.statement_timeout: must be from 1ms to 24h"),
    FaultCase(
        connector(postgres + ", pool_size: 65"),
        "connectors.c.pool_size: must be an integer from 1 to 64"),
    FaultCase(
        connector(postgres + ", pool_size: 1.5"),
        "connectors.c.pool_size: must be an integer from 1 to 64"),
]

private let integrationFaults: [FaultCase] = [
    FaultCase(
        integration("connector: c, \(queries)"), "integrations.i.scope: is missing",
        "write { database_id: 1, segments: all }"),
    FaultCase(
        integration("scope: {}, \(queries)"), "integrations.i.connector: is missing",
        "name one of the connectors"),
    FaultCase(
        integration("scope: {}, connector: d, \(queries)"),
        "integrations.i.connector: no such connector", "did you mean c?"),
    FaultCase(
        integration("scope: {}, connector: c"), "integrations.i.queries: is missing", queryHint),
    FaultCase(
        integration("scope: {}, connector: c, queries: { add_profiles: A }"),
        "integrations.i.queries.remove_profiles: is missing",
        "every integration has this query"),
    FaultCase(
        integration("scope: {}, connector: c, queries: { add_profiles: A, remove_profiles: }"),
        "integrations.i.queries.remove_profiles: must be a text, not nothing", "put it in quotes"),
    FaultCase(
        integration("scope: {}, connector: c, queries: { add_profiles: '', remove_profiles: R }"),
        "integrations.i.queries.add_profiles: must not be empty", "write its SQL"),
    FaultCase(
        integration(
            "scope: {}, connector: c, queries: { add_profile: A, add_profiles: A, "
                + "remove_profiles: R }"),
        "integrations.i.queries.add_profile: is an unknown key", "did you mean add_profiles?"),
    FaultCase(
        integration(
            "scope: {}, connector: c, "
                + "queries: { add_profiles: \"A\\n  BAD\", remove_profiles: R }"),
        "integrations.i.queries.add_profiles:2:3: is bad for sqlite batches", "write it well"),
    FaultCase(
        integration(
            "scope: {}, connector: c, batch: individual, "
                + "queries: { add_profiles: BAD, remove_profiles: R }"),
        "integrations.i.queries.add_profiles:1:1: is bad for sqlite profiles", "write it well"),
    FaultCase(
        integration(
            "scope: {}, connector: c, queries: { add_profiles: A, remove_profiles: R, members: M }"
        ), "integrations.i.member_key: is missing",
        "name the field that the members query returns, for example CustomID"),
    FaultCase(
        integration(whole + ", coalesce: 3"),
        "integrations.i.coalesce: must be true or false, not a number"),
    FaultCase(
        integration(whole + ", batch: single"),
        "integrations.i.batch: must be a size and timeout or the word individual", batchHint),
    FaultCase(
        integration(whole + ", batch: { size: 0 }"),
        "integrations.i.batch.size: must be an integer from 1 to 100000"),
    FaultCase(
        integration(whole + ", batch: { timeout: 0s }"),
        "integrations.i.batch.timeout: must be from 1ms to 24h"),
    FaultCase(
        integration(whole + ", active: 'yes'"),
        "integrations.i.active: must be true or false, not a text"),
    FaultCase(
        integration(whole + ", start: begin"),
        "integrations.i.start: must be one of fill, beginning"),
    FaultCase(
        integration(whole + ", description: 5"),
        "integrations.i.description: must be a text, not a number", "put it in quotes"),
    FaultCase(
        integration("scope: { segments: some }, connector: c, \(queries)"),
        "integrations.i.scope.segments: must be all, ids, tags or groups", segmentsHint),
    FaultCase(
        integration("scope: { segments: { ids: [1], tags: [a] } }, connector: c, \(queries)"),
        "integrations.i.scope.segments: must have one of ids, tags and groups", segmentsHint),
    FaultCase(
        integration("scope: { segments: { ids: [] } }, connector: c, \(queries)"),
        "integrations.i.scope.segments.ids: must not be empty", "write all for every segment"),
    FaultCase(
        integration("scope: { segments: { ids: [1, x] } }, connector: c, \(queries)"),
        "integrations.i.scope.segments.ids[1]: must be a number, not a text",
        "write it without quotes"),
    FaultCase(
        integration("scope: { segments: { tags: [2024] } }, connector: c, \(queries)"),
        "integrations.i.scope.segments.tags[0]: must be a text, not a number", "put it in quotes"),
]

@Suite struct ConfigurationFaultTests {
    @Test(
        "A fault names its path, the rule and the way out, and shows no value",
        arguments: fileFaults + connectorFaults + integrationFaults)
    func fault(_ expected: FaultCase) throws {
        let faults = try #require(throws: ConfigurationFaults.self) { try parse(expected.text) }
        #expect(faults.faults.map(\.description) == [expected.fault])
        #expect(faults.faults.first?.hint == expected.hint)
        #expect(!faults.failure.description.contains("S3"))
        #expect(faults.failure.code == .configurationInvalid)
    }

    @Test("Every fault of a file is reported at once, in the order of the file")
    func everyFault() throws {
        let faults = try #require(throws: ConfigurationFaults.self) {
            try parse(
                """
                connectors:
                  one: { kind: sqlite }
                  two: { kind: db2, url: x, pool_size: 0 }
                integrations:
                  a: { connector: one, scope: { segments: [] }, queries: { add_profiles: BAD } }
                """)
        }
        #expect(
            faults.faults.map(\.path) == [
                "connectors.one.url", "connectors.two.kind", "connectors.two.pool_size",
                "integrations.a.scope.segments", "integrations.a.queries.remove_profiles",
            ])
        #expect(faults.failure.message.hasPrefix("the configuration has 5 faults"))
    }

    @Test("Aliases cannot blow a small file up")
    func aliases() throws {
        var text = "a: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "b\(level): &a\(level) [\(aliases)]\n"
        }
        let faults = try #require(throws: ConfigurationFaults.self) { try parse(text) }
        #expect(faults.faults[0].description.hasPrefix("2:10: aliases"))
    }

    @Test("Coalescing is refused where the target has no transactions")
    func coalescedClickHouse() {
        let faults = #expect(throws: ConfigurationFaults.self) {
            _ = try parse(
                "connectors: { c: { kind: clickhouse, url: 'clickhouse://u@h/d' } }\n"
                    + "integrations: { i: { \(whole), coalesce: true } }",
                reachableKinds: [.clickhouse])
        }
        #expect(
            faults?.faults.map(\.description) == [
                "integrations.i.coalesce: needs a target with transactions, which ClickHouse is not"
            ])
    }
}
