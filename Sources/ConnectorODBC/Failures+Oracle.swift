internal import Connector

/// Oracle's error numbers (ORA-…). Source: https://docs.oracle.com/error-help/db/
extension ODBCDialect {
    package static let oracleFailures: [Int: ODBCFailure] =
        [oracleLost, oracleTransient, oraclePermanent, oracleSyntax, oracleValues]
        .reduce(into: [:]) { table, part in
            table.merge(part) { _, _ in preconditionFailure("a number stands in two tables") }
        }

    private static func lost(_ sentence: String) -> ODBCFailure {
        ODBCFailure(.transient, sentence, isConnectionLost: true)
    }

    /// After these the connection is gone, or never was.
    private static let oracleLost: [Int: ODBCFailure] = [
        22: lost("the server ended the session"),
        28: lost("the server ended the session"),
        1012: lost("the server ended the session"),
        1033: lost("the server starts or shuts down"),
        1034: lost("the server is not available"),
        1041: lost("the connection to the server broke"),
        1089: lost("the server shuts down"),
        1090: lost("the server shuts down"),
        1092: lost("the server ended the connection"),
        2396: lost("the server ended the idle connection"),
        3113: lost("the connection to the server broke"),
        3114: lost("there is no connection to the server"),
        3135: lost("the connection to the server broke"),
        12150: lost("the connection to the server broke"),
        12152: lost("the connection to the server broke"),
        12153: lost("there is no connection to the server"),
        12170: lost("the server did not answer in time"),
        12505: lost("the listener does not know the database just now"),
        12514: lost("the listener does not know the service just now"),
        12516: lost("the listener has no free handler"),
        12518: lost("the listener could not hand the connection over"),
        12519: lost("the listener has no free handler"),
        12520: lost("the listener has no free handler"),
        12521: lost("the listener does not know the instance just now"),
        12526: lost("the database is in restricted mode"),
        12528: lost("the database does not take new connections"),
        12537: lost("the connection to the server was closed"),
        12541: lost("no listener answers"),
        12543: lost("the server cannot be reached"),
        12545: lost("the server cannot be reached"),
        12547: lost("the connection to the server broke"),
        12560: lost("the server cannot be reached"),
        12571: lost("the connection to the server broke"),
        12757: lost("the instance does not take new connections"),
        25401: lost("the connection failed over; the transaction is gone"),
        25402: lost("the connection failed over; the transaction is gone"),
        25408: lost("the connection failed over; the call cannot be repeated"),
        25425: lost("the connection failed over; the transaction is gone"),
    ]

    private static let oracleTransient: [Int: ODBCFailure] = [
        18: ODBCFailure(.transient, "the server has too many sessions"),
        20: ODBCFailure(.transient, "the server has too many processes"),
        51: ODBCFailure(.transient, "the wait for a resource took too long"),
        54: ODBCFailure(.transient, "a row or table is locked"),
        60: ODBCFailure(.transient, "the server broke a deadlock"),
        257: ODBCFailure(.transient, "the server's archive of logs is full"),
        1013: ODBCFailure(.transient, "the query was interrupted"),
        1536: ODBCFailure(.transient, "the user's quota of space is used up"),
        1552: ODBCFailure(.transient, "the server's undo space is not available"),
        1555: ODBCFailure(.transient, "the server dropped what a long query reads"),
        1591: ODBCFailure(.transient, "a row is locked by a distributed transaction"),
        1628: full, 1630: full, 1631: full, 1632: full, 1650: full, 1652: full, 1653: full,
        1654: full, 1655: full, 1658: full, 1659: full, 1683: full, 1688: full, 1691: full,
        1692: full,
        2391: ODBCFailure(.transient, "the user has too many sessions"),
        3136: ODBCFailure(.transient, "the login took too long", isConnectionLost: true),
        4020: ODBCFailure(.transient, "the server broke a deadlock"),
        4021: ODBCFailure(.transient, "the wait for an object took too long"),
        4030: ODBCFailure(.transient, "the server is out of memory"),
        4031: ODBCFailure(.transient, "the server is out of shared memory"),
        4061: ODBCFailure(.transient, "a package was changed"),
        4068: ODBCFailure(.transient, "a package was changed"),
        8177: ODBCFailure(.transient, "a row was changed by another transaction"),
        12829: ODBCFailure(.transient, "the server is too busy"),
        16000: ODBCFailure(.transient, "the database is read-only"),
        16456: ODBCFailure(.transient, "the database changes its role"),
        30006: ODBCFailure(.transient, "the wait for a lock took too long"),
        30036: ODBCFailure(.transient, "the server's undo space is full"),
        60001: full,
    ]

    private static let full = ODBCFailure(
        .transient, "the server's tablespace is full", hint: "add space to the tablespace")

    private static let refused = ODBCFailure(
        .permanent, "the server refuses the user or its password",
        hint: "check the user (UID) of the connector's url and its password",
        isConnectionLost: true)

    private static let oraclePermanent: [Int: ODBCFailure] = [
        42: ODBCFailure(.permanent, "the server does not understand the query"),
        942: ODBCFailure(
            .permanent, "there is no such table, or the user may not use it",
            texts: ["ORA-00942: table or view \"{name}\" does not exist{any}"]),
        955: ODBCFailure(.permanent, "there is such an object already"),
        980: ODBCFailure(.permanent, "a synonym leads to nothing"),
        1005: refused, 1017: refused, 1045: refused, 28000: refused, 28001: refused,
        28009: refused, 28040: refused,
        1031: ODBCFailure(
            .permanent, "the user lacks a privilege for the query",
            hint: "grant the connector's user the right", isRightMissing: true),
        1702: ODBCFailure(.permanent, "a view does not take the query"),
        1732: ODBCFailure(.permanent, "the view does not take the query"),
        1745: ODBCFailure(.tooLarge, "the query has more parameters than the server takes"),
        1795: ODBCFailure(
            .tooLarge, "a list has more than 1000 values",
            hint: "give the integration batch: { size: 900 }"),
        1950: ODBCFailure(
            .permanent, "the user has no space in the tablespace",
            hint: "give the connector's user a quota", isRightMissing: true),
        4043: ODBCFailure(.permanent, "there is no such object"),
        6550: ODBCFailure(.permanent, "the server does not understand the block"),
        6576: ODBCFailure(.permanent, "there is no such procedure"),
        12154: ODBCFailure(
            .permanent, "the client does not know the name of the database",
            hint: "check DBQ in the connector's url and tnsnames.ora", isConnectionLost: true),
        28759: ODBCFailure(
            .permanent, "the client cannot open its wallet",
            hint: "check sqlnet.ora and the wallet it names", isConnectionLost: true),
        29024: ODBCFailure(
            .permanent, "the server's certificate is not trusted", isConnectionLost: true),
    ]

    /// ORA-00900 to ORA-00999 but those that stand elsewhere.
    private static let oracleSyntax: [Int: ODBCFailure] = {
        let plain = ODBCFailure(.permanent, "the server does not understand the query")
        var table: [Int: ODBCFailure] = [:]
        for number in 900...999 where oraclePermanent[number] == nil { table[number] = plain }
        table[904] = ODBCFailure(
            .permanent, "there is no such column",
            texts: ["ORA-00904: {name}: invalid identifier{any}"])
        table[911] = ODBCFailure(.permanent, "a character of the query is not valid")
        table[913] = ODBCFailure(.permanent, "a row has more values than there are columns")
        table[947] = ODBCFailure(.permanent, "a row has fewer values than there are columns")
        table[1756] = ODBCFailure(.permanent, "a quote in the query is not closed")
        table[1742] = ODBCFailure(.permanent, "a comment in the query is not closed")
        table[1740] = ODBCFailure(.permanent, "a quote in the query is not closed")
        return table
    }()

    private static let oracleValues: [Int: ODBCFailure] = {
        let number = ODBCFailure(.values, "a value is no number, or of the wrong form")
        let long = ODBCFailure(.values, "a value is too long")
        var table: [Int: ODBCFailure] = [
            1: ODBCFailure(
                .values, "a key is there already",
                texts: ["ORA-00001: unique constraint ({name}) violated{any}"]),
            1400: ODBCFailure(
                .values, "a column must not be null",
                texts: ["ORA-01400: cannot insert NULL into ({name}){any}"]),
            1401: long,
            1407: ODBCFailure(
                .values, "a column must not be null",
                texts: ["ORA-01407: cannot update ({name}) to NULL{any}"]),
            1426: ODBCFailure(.values, "a number is out of range"),
            1427: ODBCFailure(.values, "a subquery returned more than one row"),
            1438: ODBCFailure(.values, "a number is out of range"),
            1461: long,
            1476: ODBCFailure(.values, "a division by zero"),
            1489: long,
            1704: ODBCFailure(
                .values, "a literal is longer than 4000 bytes",
                hint: "see the guide of Oracle for longer values"),
            1722: number,
            2290: ODBCFailure(
                .values, "a check does not hold",
                texts: ["ORA-02290: check constraint ({name}) violated{any}"]),
            2291: ODBCFailure(
                .values, "a foreign key has no parent row",
                texts: ["ORA-02291: integrity constraint ({name}) violated{any}"]),
            2292: ODBCFailure(
                .values, "a row still has rows that refer to it",
                texts: ["ORA-02292: integrity constraint ({name}) violated{any}"]),
            2359: long,
            12899: ODBCFailure(
                .values, "a value is too long",
                texts: ["ORA-12899: value too large for column {name} (actual: {any}"]),
            12728: ODBCFailure(.values, "a regular expression is wrong"),
            14400: ODBCFailure(.values, "no partition takes a value"),
            6502: number,
            30926: ODBCFailure(
                .repeatedKey, "a MERGE met one row twice",
                hint: "take each key once, for example with DISTINCT"),
            38104: ODBCFailure(.permanent, "a MERGE changes a column of its ON condition"),
            40441: ODBCFailure(.values, "a value is no JSON"),
            40587: ODBCFailure(.values, "a value is no JSON"),
        ]
        for code in 1830...1899 { table[code] = ODBCFailure(.values, "a value is no date or time") }
        return table
    }()
}
