import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

/// What an operator must still be able to read of a target's refusal.
@Suite("A refusal names what the operator wrote")
struct ReadableFailureTests {
    @Test(
        "PostgreSQL's own words, with the operator's names in them",
        arguments: [
            ("SELECT * FROM nowhere", #"relation "nowhere" does not exist, at character 15"#),
            (
                "INSERT INTO people (nothing) VALUES (1)",
                #"column "nothing" of relation "people" does not exist, at character 21"#
            ),
            ("INSERT INTO people FROM (id)", #"syntax error at or near "FROM", at character 20"#),
            ("SELECT nothing(1)", "function nothing(integer) does not exist, at character 8"),
            (
                "INSERT INTO people (id) VALUES (true)",
                #"column "id" is of type integer but expression is of type boolean, "#
                    + "at character 33"
            ),
            (
                "INSERT INTO people (id) VALUES (NULL)",
                #"null value in column "id" of relation "people" violates not-null constraint"#
            ),
            (
                "INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'a')",
                #"duplicate key value violates unique constraint "people_name_key", "#
                    + #"table "people""#
            ),
            (
                "INSERT INTO people (id) VALUES (100)",
                #"new row for relation "people" violates check constraint "people_id_check""#
            ),
            ("SELECT 'x'::integer", #"invalid input syntax for type integer: "…", at character 8"#),
        ])
    func postgres(_ example: (sql: String, message: String)) async throws {
        try await Target(.postgresql).withSession { session in
            let failure = try await caught { _ = try await session.execute(sql(example.sql)) }
            #expect(failure?.told(example.sql).message == example.message)
        }
    }

    @Test("Names of encodings are no values: what a database in LATIN1 cannot hold is told")
    func encodings() async throws {
        let target = try Target(.postgresql)
        let session = try await target.connect()
        _ = try await session.execute(
            sql("CREATE DATABASE readable_latin1 ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"))
        await session.close()
        let url = try PostgresServer.shared.get().url(database: "readable_latin1")
        let latin = try await target.connect { $0.url = url }
        let failure = try await caught { _ = try await latin.execute(sql("SELECT '茶'")) }
        #expect(failure?.class == .values && failure?.targetCode == "22P05")
        #expect(
            failure?.told().message
                == #"character with byte sequence … in encoding "UTF8" has no equivalent in "#
                + #"encoding "LATIN1""#)
        await latin.close()
    }

    @Test(
        "SQLite's own words, with the operator's names and the schema's",
        arguments: [
            ("SELECT * FROM nowhere", "no such table: nowhere"),
            (
                "INSERT INTO people (nought) VALUES (1)",
                "table people has no column named nought"
            ),
            ("INSERT INTO people FROM (id)", #"near "FROM": syntax error"#),
            (
                "INSERT INTO people (id, name) VALUES (1, 'a'), (2, 'a')",
                "UNIQUE constraint failed: people.name"
            ),
            ("INSERT INTO people (id) VALUES (NULL)", "NOT NULL constraint failed: people.id"),
            ("INSERT INTO people (id) VALUES (100)", "CHECK constraint failed: id < 100"),
        ])
    func sqlite(_ example: (sql: String, message: String)) async throws {
        try await Target(.sqlite).withSession { session in
            let failure = try await caught { _ = try await session.execute(sql(example.sql)) }
            #expect(failure?.told(example.sql).message == example.message)
        }
    }

    @Test(
        "ClickHouse: our sentence with the operator's name",
        arguments: [TargetVariant.clickHouseServer, .clickHouseEngine])
    func clickHouse(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        try await target.withSession { session in
            let failure = try await caught {
                _ = try await session.execute(sql("INSERT INTO nowhere VALUES (1)"))
            }
            let told = failure?.told("INSERT INTO nowhere", target.definition.url).message ?? ""
            #expect(told.hasPrefix("there is no such table") && told.hasSuffix("nowhere"))
        }
    }
}
