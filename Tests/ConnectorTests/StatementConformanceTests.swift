import Connector
import KindTesting
import SegmentModel
import ServerTesting
import Testing

@Suite("Every connector runs the operator's queries")
struct StatementConformanceTests {
    @Test("Affected rows are summed over all statements of a query", arguments: TargetVariant.all)
    func sumsRows(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            // ClickHouse does not count what a DELETE takes away.
            let last =
                variant.kind == .clickhouse
                ? "INSERT INTO people SELECT 3, 'c' UNION ALL SELECT 4, ';'" : "DELETE FROM people"
            let count = try await session.execute(
                sql("INSERT INTO people VALUES (1, 'a'), (2, 'b'); SELECT 1; \(last)"))
            #expect(count == (variant.isExcused(.noRowCounts) ? 0 : 4))
        }
    }

    @Test(
        "INV-7: apostrophes and four-byte characters arrive as they are",
        arguments: TargetVariant.all)
    func keepsBytes(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        try await target.withSession { session in
            let written = [.mysql, .clickhouse].contains(target.sqlKind) ? #"\\n"# : #"\n"#
            let quote = variant.kind == .clickhouse ? #"\'"# : "''"
            _ = try await session.execute(
                sql("INSERT INTO people VALUES (1, 'O\(quote)Brien \(written) \"😀\"')"))
            #expect(
                try await session.rows("SELECT name, NULL FROM people") == [
                    [#"O'Brien \n "😀""#, nil]
                ])
        }
    }

    @Test("INV-7: a query of megabytes arrives whole", arguments: TargetVariant.all)
    func longQuery(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            let value = String(repeating: "x", count: 8 << 20)
            let rows = try await session.rows("SELECT length('\(value)'), '\(value)'")
            #expect(rows == [[String(8 << 20), value]])
        }
    }

    @Test("A transaction is one: begin, execute, rollback, commit", arguments: TargetVariant.all)
    func transactions(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            try await session.begin()
            _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'a')"))
            try await session.rollback()
            try await session.rollback()
            try await session.begin()
            _ = try await session.execute(sql("INSERT INTO people VALUES (2, 'b')"))
            try await session.commit()
            let rows = try await session.rows("SELECT id FROM people ORDER BY id")
            #expect(rows == (variant.isExcused(.noTransactions) ? [["1"], ["2"]] : [["2"]]))
        }
    }

    @Test(
        "A query that fails is taken back alone and whole, where the target has savepoints",
        arguments: TargetVariant.all)
    func undoesOneQuery(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            guard session.undoesQueries else {
                print("\(variant.testDescription): a failed query is taken back with all others")
                return
            }
            try await session.begin()
            _ = try await session.executeOrUndo(sql("INSERT INTO people VALUES (1, 'a')"))
            let failure = try await caught {
                _ = try await session.executeOrUndo(
                    sql("INSERT INTO people VALUES (2, 'b'); INSERT INTO people VALUES (3, 'a')"))
            }
            #expect(failure?.class == .values)
            _ = try await session.executeOrUndo(sql("INSERT INTO people VALUES (4, 'd')"))
            try await session.commit()
            #expect(
                try await session.rows("SELECT id FROM people ORDER BY id") == [["1"], ["4"]])
        }
    }

    @Test("A query cannot end its transaction", arguments: TargetVariant.all)
    func refusesCommit(_ variant: TargetVariant) async throws {
        try await variant.make().withSession { session in
            for text in ["COMMIT", "ROLLBACK; BEGIN", "SELECT 1; COMMIT; SELECT nonsense"] {
                try await session.begin()
                let failure = try await caught { _ = try await session.execute(sql(text)) }
                #expect(failure?.class == .permanent)
                #expect(failure?.message.contains("transaction itself") == true, "\(text)")
                try await session.rollback()
            }
        }
    }

    @Test(
        "Failures are of the class that decides what happens next",
        arguments: TargetVariant.all,
        [
            ("INSERT INTO people VALUES (1, 'same'), (2, 'same')", .values, .noUniqueKeys),
            ("INSERT INTO people VALUES (NULL, 'secret')", .values, nil),
            ("INSERT INTO people VALUES (100, 'secret')", .values, .noChecks),
            ("INSERT INTO nowhere VALUES (1)", .permanent, nil),
            ("INSERT INTO people VALUES (1, 'secret'", .permanent, .rowsAreData),
            ("INSERT INTO people VALUES (1 'secret')", .permanent, .rowsAreData),
            ("INSERT INTO people VALUES (1, 'secret)", .permanent, .rowsAreData),
            ("INSERT INTO people SELECT 1 'secret'", .permanent, nil),
        ] as [(String, TargetFailure.Class, TargetVariant.Exception?)])
    func classifies(
        _ variant: TargetVariant,
        _ example: (sql: String, class: TargetFailure.Class, excuse: TargetVariant.Exception?)
    ) async throws {
        try await variant.make().withSession { session in
            let failure = try await caught { _ = try await session.execute(sql(example.sql)) }
            let isExcused = example.excuse.map { variant.isExcused($0) } ?? false
            if isExcused, example.excuse != .rowsAreData {
                #expect(failure == nil)
                return
            }
            #expect(failure?.class == (isExcused ? .values : example.class))
            #expect(failure?.targetCode.isEmpty == false)
            // INV-10.
            #expect(failure?.message.contains("secret") == false, "\(failure?.message ?? "")")
            #expect(failure?.isConnectionLost == false)
            #expect(try await session.rows("SELECT 1") == [["1"]])
        }
    }

    @Test("INV-7: U+0000 in a value is stored or refused, never cut", arguments: TargetVariant.all)
    func zeroByte(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        try await target.withSession { session in
            let failure = try await caught {
                _ = try await session.execute(sql("INSERT INTO people VALUES (1, 'secret\0')"))
            }
            let names = try await session.rows("SELECT name FROM people")
            if target.storesZeroBytes {
                #expect(failure == nil)
                #expect(names == [["secret\0"]])
            } else {
                #expect(failure?.class == .values)
                #expect(failure?.message.contains("secret") == false)
                #expect(names.isEmpty)
            }
        }
    }

    @Test("Cancel aborts a long query and leaves the session usable", arguments: TargetVariant.all)
    func cancels(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let session = try await target.prepare()
        let running = Task { try await caught { _ = try await session.query(target.longQuery) } }
        // Cancel counts from the moment the query was handed over, which the task does some time.
        let canceller = Task {
            while !Task.isCancelled {
                session.cancel()
                await Task.yield()
            }
        }
        let failure = try await running.value
        canceller.cancel()
        await canceller.value
        #expect(failure?.class == .transient)
        #expect(failure?.message == "the query was cancelled")
        #expect(try await session.rows("SELECT 1") == [["1"]])
        await session.close()
    }

    @Test("A statement that runs too long ends as transient", arguments: TargetVariant.all)
    func timesOut(_ variant: TargetVariant) async throws {
        let target = try variant.make()
        let session = try await target.connect { $0.statementTimeoutMilliseconds = 50 }
        let failure = try await caught { _ = try await session.query(target.longQuery) }
        #expect(failure?.class == .transient)
        #expect(failure?.isConnectionLost == false)
        await session.close()
    }

    @Test("A closed session says so and may be closed again", arguments: TargetVariant.all)
    func closes(_ variant: TargetVariant) async throws {
        let session = try await variant.make().connect()
        await session.close()
        await session.close()
        session.cancel()
        let failure = try await caught { try await session.begin() }
        #expect(failure?.isConnectionLost == true)
    }
}

@Suite("The conformance suite is complete")
struct ConformanceCoverageTests {
    @Test("Every kind that the registry reaches is run over some server")
    func coversRegistry() {
        let covered = Set(TargetVariant.all.map(\.kind))
        for kind in Target.registry.kinds { #expect(covered.contains(kind), "\(kind.rawValue)") }
    }
}
