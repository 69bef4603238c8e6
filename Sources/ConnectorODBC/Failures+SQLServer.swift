internal import Connector

/// SQL Server's error numbers. Source: "Database Engine events and errors",
/// https://learn.microsoft.com/sql/relational-databases/errors-events/
/// and, for Azure's (40000 to 49999),
/// https://learn.microsoft.com/azure/azure-sql/database/troubleshoot-common-errors-issues
extension ODBCDialect {
    package static let sqlServerFailures: [Int: ODBCFailure] =
        [sqlServerLost, sqlServerTransient, sqlServerPermanent, sqlServerRights, sqlServerValues]
        .reduce(into: [:]) { table, part in
            table.merge(part) { _, _ in preconditionFailure("a number stands in two tables") }
        }

    private static func lost(_ sentence: String) -> ODBCFailure {
        ODBCFailure(.transient, sentence, isConnectionLost: true)
    }

    /// After these the connection is gone. Those below 600 and above 10000 are the client's.
    private static let sqlServerLost: [Int: ODBCFailure] = [
        64: lost("the connection to the server broke"),
        121: lost("the connection to the server broke"),
        233: lost("the server ended the connection"),
        596: lost("the server ended the session"),
        6005: lost("the server shuts down"),
        10053: lost("the connection to the server broke"),
        10054: lost("the connection to the server broke"),
        10060: lost("the server cannot be reached"),
        10061: lost("the server cannot be reached"),
        17142: lost("the server is paused"),
        17148: lost("the server shuts down"),
        17830: lost("the connection to the server broke"),
        20003: lost("the server did not answer in time"),
        20004: lost("the connection to the server broke"),
        20006: lost("the connection to the server broke"),
        20009: lost("the server cannot be reached"),
        20047: lost("the connection to the server is dead"),
        40197: lost("the service failed for now"),
        40540: lost("the service failed for now"),
        40613: lost("the database is not available just now"),
        42108: lost("the database is paused"),
        42109: lost("the database resumes"),
    ]

    private static let sqlServerTransient: [Int: ODBCFailure] = [
        701: ODBCFailure(.transient, "the server is out of memory"),
        802: ODBCFailure(.transient, "the server is out of memory"),
        845: ODBCFailure(.transient, "the server waits for its disk"),
        922: ODBCFailure(.transient, "the database is being recovered"),
        927: ODBCFailure(.transient, "the database is being restored"),
        942: ODBCFailure(.transient, "the database is offline"),
        976: ODBCFailure(.transient, "this replica does not take connections"),
        978: ODBCFailure(.transient, "this replica takes only readers"),
        983: ODBCFailure(.transient, "the replica is changing its role"),
        1101: ODBCFailure(.transient, "the server's disk or filegroup is full"),
        1105: ODBCFailure(.transient, "the server's disk or filegroup is full"),
        1204: ODBCFailure(.transient, "the server has no more locks"),
        1205: ODBCFailure(.transient, "the server broke a deadlock"),
        1221: ODBCFailure(.transient, "the server's locks are in disorder"),
        1222: ODBCFailure(.transient, "the wait for a lock took too long"),
        1807: ODBCFailure(.transient, "the database is being copied"),
        3906: ODBCFailure(.transient, "the database is read-only"),
        3960: ODBCFailure(.transient, "a row was changed by another transaction"),
        3961: ODBCFailure(.transient, "a table was changed by another transaction"),
        3966: ODBCFailure(.transient, "the server dropped the versions of a snapshot"),
        8645: ODBCFailure(.transient, "the server has no memory for the query just now"),
        8651: ODBCFailure(.transient, "the server has no memory for the query just now"),
        9001: ODBCFailure(.transient, "the log of the database is not available"),
        9002: ODBCFailure(.transient, "the log of the database is full"),
        10928: ODBCFailure(.transient, "the database has reached a limit of its resources"),
        10929: ODBCFailure(.transient, "the server is too busy"),
        10936: ODBCFailure(.transient, "the pool has reached a limit of its resources"),
        14355: ODBCFailure(.transient, "the server is too busy"),
        18401: ODBCFailure(.transient, "the server is starting"),
        40501: ODBCFailure(.transient, "the service is too busy"),
        40544: ODBCFailure(.transient, "the database has reached its size"),
        40549: ODBCFailure(.transient, "the service ended a long transaction"),
        40550: ODBCFailure(.transient, "the service ended a transaction with too many locks"),
        40551: ODBCFailure(.transient, "the service ended a transaction for its use of tempdb"),
        40552: ODBCFailure(.transient, "the service ended a transaction for its use of the log"),
        40553: ODBCFailure(.transient, "the service ended a transaction for its use of memory"),
        41301: ODBCFailure(.transient, "a transaction that this one depends on was rolled back"),
        41302: ODBCFailure(.transient, "a row was changed by another transaction"),
        41305: ODBCFailure(.transient, "a row was changed by another transaction"),
        41325: ODBCFailure(.transient, "a row was changed by another transaction"),
        49918: ODBCFailure(.transient, "the service has too few resources just now"),
        49919: ODBCFailure(.transient, "the service is too busy"),
        49920: ODBCFailure(.transient, "the service is too busy"),
    ]

    private static let sqlServerPermanent: [Int: ODBCFailure] = [
        102: ODBCFailure(.permanent, "the server does not understand the query"),
        103: ODBCFailure(.permanent, "a name in the query is too long"),
        105: ODBCFailure(.permanent, "a quote in the query is not closed"),
        109: ODBCFailure(.permanent, valueCount),
        110: ODBCFailure(.permanent, valueCount),
        113: ODBCFailure(.permanent, "a comment in the query is not closed"),
        120: ODBCFailure(.permanent, valueCount),
        137: ODBCFailure(.permanent, "the query uses a variable that it does not declare"),
        156: ODBCFailure(.permanent, "the server does not understand the query"),
        170: ODBCFailure(.permanent, "the server does not understand the query"),
        201: ODBCFailure(.permanent, "a procedure wants another parameter"),
        207: ODBCFailure(
            .permanent, "there is no such column", texts: ["Invalid column name '{name}'.{any}"]),
        208: ODBCFailure(
            .permanent, "there is no such table", texts: ["Invalid object name '{name}'.{any}"]),
        213: ODBCFailure(.permanent, valueCount),
        266: ODBCFailure(.permanent, "a procedure ends a transaction that it did not begin"),
        911: ODBCFailure(.permanent, "there is no such database"),
        2714: ODBCFailure(.permanent, "there is such an object already"),
        2812: ODBCFailure(
            .permanent, "there is no such procedure",
            texts: ["Could not find stored procedure '{name}'.{any}"]),
        3902: ODBCFailure(.permanent, "the query commits a transaction that is not there"),
        3903: ODBCFailure(.permanent, "the query rolls back a transaction that is not there"),
        3930: ODBCFailure(.permanent, "the transaction had failed before"),
        4060: ODBCFailure(
            .permanent, "the database cannot be opened",
            hint: "check Database in the connector's url and the user's rights",
            isConnectionLost: true),
        4064: ODBCFailure(
            .permanent, "the user's default database cannot be opened", isConnectionLost: true),
        191: tooComplex, 8623: tooComplex, 8631: tooComplex, 8632: tooComplex,
        8003: ODBCFailure(.tooLarge, "the query has more parameters than the server takes"),
        10738: ODBCFailure(
            .tooLarge, "the query has more rows behind VALUES than the server takes",
            hint: "give the integration batch: { size: 1000 }, or send them as JSON (OPENJSON)"),
        10713: ODBCFailure(.permanent, "a MERGE must end with a semicolon"),
        15007: login, 18452: login, 18456: login, 18470: login, 18486: login, 18487: login,
        18488: login, 40615: login, 40532: login,
    ]

    private static let tooComplex = ODBCFailure(
        .tooLarge, "the query is too complex for the server",
        hint: "make the batches smaller, or send them as JSON (OPENJSON)")

    private static let valueCount = "a row has not as many values as there are columns"

    private static let login = ODBCFailure(
        .permanent, "the server refuses the user or its password",
        hint: "check the user (UID) of the connector's url and its password",
        isConnectionLost: true)

    private static func right(_ sentence: String) -> ODBCFailure {
        ODBCFailure(
            .permanent, sentence, hint: "grant the connector's user the right",
            isRightMissing: true)
    }

    private static let sqlServerRights: [Int: ODBCFailure] = [
        229: right("the user may not do this to the table"),
        230: right("the user may not do this to the column"),
        262: right("the user may not do this in the database"),
        297: right("the user may not do this"),
        300: right("the user lacks a right on the server"),
        1088: right("the table is not there, or the user may not use it"),
        2760: right("the schema is not there, or the user may not use it"),
        15247: right("the user may not do this"),
        15151: right("the object is not there, or the user may not use it"),
    ]

    private static let sqlServerValues: [Int: ODBCFailure] = [
        220: ODBCFailure(.values, "a number is out of range"),
        232: ODBCFailure(.values, "a number is out of range"),
        241: ODBCFailure(.values, "a value is no date or time"),
        242: ODBCFailure(.values, "a date or time is out of range"),
        244: ODBCFailure(.values, "a number is out of range"),
        245: ODBCFailure(.values, "a value is of the wrong form"),
        248: ODBCFailure(.values, "a number is out of range"),
        295: ODBCFailure(.values, "a value is no date or time"),
        334: ODBCFailure(.values, "a value is of the wrong form"),
        512: ODBCFailure(.values, "a subquery returned more than one row"),
        515: ODBCFailure(
            .values, "a column must not be null",
            texts: ["Cannot insert the value NULL into column '{name}', table '{any}"]),
        517: ODBCFailure(.values, "a date or time is out of range"),
        547: ODBCFailure(.values, "a constraint does not hold"),
        550: ODBCFailure(.values, "the view refuses a row"),
        2601: ODBCFailure(.values, "a key is there already"),
        2627: ODBCFailure(
            .values, "a key is there already",
            texts: [
                "Violation of PRIMARY KEY constraint '{name}'. {any}",
                "Violation of UNIQUE KEY constraint '{name}'. {any}",
            ]),
        2628: ODBCFailure(.values, "a value is too long"),
        8114: ODBCFailure(.values, "a value is of the wrong form"),
        8115: ODBCFailure(.values, "a number is out of range"),
        8134: ODBCFailure(.values, "a division by zero"),
        8152: ODBCFailure(.values, "a value is too long"),
        8169: ODBCFailure(.values, "a value is no unique identifier"),
        8672: ODBCFailure(
            .repeatedKey, "a MERGE met one row twice",
            hint: "take each key once, for example with DISTINCT"),
        9803: ODBCFailure(.values, "a value is of the wrong form"),
        13609: ODBCFailure(.values, "a value is no JSON"),
    ]
}
