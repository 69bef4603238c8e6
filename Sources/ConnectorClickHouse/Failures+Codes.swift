internal import Connector

/// The codes. What is not here is permanent.
extension ClickHouseFailures {
    static let table = [
        unavailable, exhausted, permanent, rights, values,
    ].reduce(into: [:]) { table, part in
        table.merge(part) { _, _ in preconditionFailure("a code stands in two tables") }
    }

    /// The server gave up in the middle: parts of the statement may be stored.
    static let unknownOutcomes: Set<Int> = [
        159, 160, 209, 210, 236, 279, 286, 319, 341, 394, 473, 999,
    ]

    private static func transient(
        _ sentence: String, hint: String? = nil
    ) -> Entry {
        Entry(class: .transient, sentence: sentence, hint: hint)
    }

    private static func tooLarge(
        _ sentence: String, hint: String? = nil
    ) -> Entry {
        Entry(class: .tooLarge, sentence: sentence, hint: hint)
    }

    /// A text that is cut is no query any more.
    private static let tooLongQuery = Cause(
        class: .tooLarge, words: "Max query size exceeded",
        sentence: "the query is longer than the server takes",
        hint: "make the batches smaller, or raise max_query_size")

    /// The limit of one query, which a smaller one keeps; that of the server or of all the user's
    /// queries together is waited for.
    private static let queryMemory = Cause(
        class: .tooLarge, words: "Query memory limit exceeded",
        sentence: "the statement needs more memory than a query may",
        hint: "make the batches smaller, or raise max_memory_usage")

    /// Of servers before 25.
    private static let oldQueryMemory = Cause(
        class: .tooLarge, words: "Memory limit (for query) exceeded",
        sentence: queryMemory.sentence, hint: queryMemory.hint)

    private static func values(_ sentence: String, hint: String? = nil) -> Entry {
        Entry(class: .values, sentence: sentence, hint: hint)
    }

    /// The same code stands for a table that merges cannot keep up with, which a rest mends, and
    /// for one INSERT into more partitions than max_partitions_per_insert_block, which it does not.
    private static let tooManyPartitions = Cause(
        class: .tooLarge, words: "Too many partitions for single INSERT block",
        sentence: "the batch falls into more partitions than the server takes",
        hint: "make the batches smaller, or partition the table less finely")

    /// A replica that has lost its Keeper is read-only for a while; a table on a disk that nobody
    /// may write stays so.
    private static let staticStorage = Cause(
        class: .permanent, words: "due to static storage",
        sentence: "the table is on a disk that only reads",
        hint: "write to a table on another disk")

    /// Of the server's library for time zones (cctz), in servers before 19.
    private static let unknownZone = Cause(
        class: .values, words: "Cannot load time zone", sentence: "a value is no time zone")

    /// An empty text in a column of numbers.
    private static let shortValue = Cause(
        class: .values, words: "value is too short", sentence: wrongForm)

    private static let network = "a connection that the server needs broke"
    private static let keeper = "the server cannot reach its Keeper or ZooKeeper"

    private static let unavailable: [Int: Entry] = [
        3: transient(network),  // UNEXPECTED_END_OF_FILE
        32: Entry(  // ATTEMPT_TO_READ_AFTER_EOF
            class: .transient, sentence: network, causes: [shortValue]),
        95: transient(network),  // CANNOT_READ_FROM_SOCKET
        96: transient(network),  // CANNOT_WRITE_TO_SOCKET
        159: transient(overdueSentence, hint: overdueHint),  // TIMEOUT_EXCEEDED
        160: transient(overdueSentence, hint: overdueHint),  // TOO_SLOW
        198: transient("the server cannot resolve a name that it needs"),  // DNS_ERROR
        203: transient("the server has no free connection"),  // NO_FREE_CONNECTION
        209: transient(network),  // SOCKET_TIMEOUT
        210: transient(network),  // NETWORK_ERROR
        218: transient("a table is being dropped"),  // TABLE_IS_DROPPED
        225: transient(keeper),  // NO_ZOOKEEPER
        236: transient("the server shuts down, or gave the statement up"),  // ABORTED
        242: Entry(  // TABLE_IS_READ_ONLY
            class: .transient, sentence: "a table is read-only for now", causes: [staticStorage]),
        244: transient(keeper),  // UNEXPECTED_ZOOKEEPER_ERROR
        254: transient("too few replicas are there"),  // NO_ACTIVE_REPLICAS
        265: transient("too few replicas are there"),  // NO_AVAILABLE_REPLICA
        279: transient("no replica of the cluster answers"),  // ALL_CONNECTION_TRIES_FAILED
        285: transient("too few replicas are there"),  // TOO_FEW_LIVE_REPLICAS
        // UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE
        286: transient("too few replicas stored the block before"),
        289: transient("the replica is not in step"),  // REPLICA_IS_NOT_IN_QUORUM
        297: transient("the shard has no replica that answers"),  // SHARD_HAS_NO_CONNECTIONS
        319: transient("whether the block was stored is not known"),  // UNKNOWN_STATUS_OF_INSERT
        341: transient("a mutation did not finish", hint: overdueHint),  // UNFINISHED
        394: transient("the server ended the statement"),  // QUERY_WAS_CANCELLED
        364: transient("the server has too many queries at once"),  // …ERROR_TOO_MANY_REQUESTS
        369: transient("all replicas are behind"),  // ALL_REPLICAS_ARE_STALE
        415: transient("no replica is left"),  // ALL_REPLICAS_LOST
        416: transient("a replica's state is not known"),  // REPLICA_STATUS_CHANGED
        425: transient("a call of the server's system failed"),  // SYSTEM_ERROR
        473: transient("a lock of a table was not free in time"),  // DEADLOCK_AVOIDED
        517: transient("another change of the table is under way"),  // CANNOT_ASSIGN_ALTER
        529: transient("the replica does not lead"),  // NOT_A_LEADER
        571: transient("the database's replica is busy"),  // DATABASE_REPLICATION_FAILED
        745: transient("the server is overloaded"),  // SERVER_OVERLOADED
        999: transient(keeper),  // KEEPER_EXCEPTION
    ]

    private static let exhausted: [Int: Entry] = [
        173: transient("the server is out of memory"),  // CANNOT_ALLOCATE_MEMORY
        201: transient("the user has used up a quota"),  // QUOTA_EXCEEDED
        202: transient(
            "the server has too many queries at once",
            hint: "lower the connector's pool_size, or raise the server's limit"),
        241: Entry(
            class: .transient, sentence: "the statement needs more memory than the server gives",
            hint: "make the batches smaller, or raise the user's memory limit",
            causes: [queryMemory, oldQueryMemory]),
        243: transient("the server's disk is full"),  // NOT_ENOUGH_SPACE
        252: Entry(
            class: .transient, sentence: "the table has too many parts",
            hint: "make the batches larger and rarer, so that merges keep up",
            causes: [tooManyPartitions]),
        439: transient("the server has no thread left"),  // CANNOT_SCHEDULE_TASK
        692: transient("the table has too many mutations under way"),  // TOO_MANY_MUTATIONS
    ]

    // Of 18.16 and of today's servers. The first hole takes what stands before, and is not told.
    private static let missingColumn: [MessageTemplate] = [
        "{any}Exception: No such column {name} in table {any}",
        "{any}Unknown expression identifier `{name}` in scope {any}",
        "{any}Unknown expression or function identifier `{name}` in scope {any}",
        "{any}Exception: Unknown identifier: {name}, context: {any}",
        "{any}Exception: Missing columns: '{name}' while processing {any}",
    ]
    private static let missingTable: [MessageTemplate] = [
        "{any}Exception: Table {name} doesn't exist{any}",
        "{any}Exception: Table {name} does not exist{any}",
        "{any}Exception: Unknown table expression identifier '{name}' in scope {any}",
    ]
    private static let missingDatabase: [MessageTemplate] = [
        "{any}Exception: Database {name} doesn't exist{any}",
        "{any}Exception: Database {name} does not exist{any}",
    ]

    private static let permanent: [Int: Entry] = [
        16: Entry(class: .permanent, sentence: "there is no such column", texts: missingColumn),
        36: Entry(class: .permanent, sentence: "an argument of the query is wrong"),
        42: Entry(class: .permanent, sentence: "a function has too many or too few arguments"),
        46: Entry(class: .permanent, sentence: "there is no such function"),
        47: Entry(class: .permanent, sentence: "there is no such column", texts: missingColumn),
        48: Entry(class: .permanent, sentence: "the server cannot do this"),
        50: Entry(class: .permanent, sentence: "there is no such type"),
        56: Entry(class: .permanent, sentence: "there is no such engine of tables"),
        57: Entry(class: .permanent, sentence: "there is such a table already"),
        60: Entry(class: .permanent, sentence: "there is no such table", texts: missingTable),
        62: Entry(
            class: .permanent, sentence: "the server does not understand the query",
            texts: [], causes: [tooLongQuery]),
        63: Entry(class: .permanent, sentence: "there is no such aggregate function"),
        73: Entry(class: .permanent, sentence: "there is no such format"),
        80: Entry(class: .permanent, sentence: "the query is not correct"),
        81: Entry(
            class: .permanent, sentence: "there is no such database", texts: missingDatabase,
            hint: "create it, or correct the connector's url"),
        82: Entry(class: .permanent, sentence: "there is such a database already"),
        115: Entry(class: .permanent, sentence: "the server does not know a setting of the query"),
        192: Entry(
            class: .permanent, sentence: "the server does not know the user",
            hint: "check the user of the connector's url"),
        193: Entry(
            class: .permanent, sentence: "the server refuses the user or its password",
            hint: "check the user of the connector's url and its password"),
        194: Entry(
            class: .permanent, sentence: "the server asks for a password",
            hint: "give the connector a password"),
        195: Entry(class: .permanent, sentence: "the server lets nobody in from this machine"),
        215: Entry(class: .permanent, sentence: "a column is neither grouped nor aggregated"),
        306: Entry(class: .permanent, sentence: "the query is nested too deeply"),
        344: Entry(class: .permanent, sentence: "the server does not support this"),
        359: Entry(
            class: .permanent, sentence: "the table is larger than the server lets be dropped"),
        372: Entry(class: .permanent, sentence: "the query needs a session, and has none"),
        452: Entry(
            class: .permanent, sentence: "the user's profile does not let a setting be changed",
            hint: "let the user's profile change the settings that the guide for ClickHouse lists"),
        516: Entry(
            class: .permanent, sentence: "the server refuses the user or its password",
            hint: "check the user of the connector's url and its password"),
        1000: Entry(
            class: .permanent, sentence: "a library of the server's refuses the query",
            causes: [unknownZone]),
        1001: Entry(
            class: .permanent, sentence: "a library of the server's refuses the query",
            causes: [unknownZone]),
        649: Entry(class: .permanent, sentence: "the query ends a transaction that there is not"),
    ]

    private static let rights: [Int: Entry] = [
        164: Entry(
            class: .permanent, sentence: "the user may only read",
            hint: "give the connector's user a profile without readonly", isRightMissing: true),
        291: Entry(
            class: .permanent, sentence: "the user may not use the database",
            hint: "allow the database for the connector's user", isRightMissing: true),
        392: Entry(
            class: .permanent, sentence: "the user may not run this kind of query",
            hint: "let the user's profile allow it", isRightMissing: true),
        497: Entry(
            class: .permanent, sentence: "the user lacks a right that the query needs",
            hint: "grant it to the connector's user", isRightMissing: true),
    ]

    private static let wrongForm = "a value is of the wrong form"
    private static let wrongType = "a value is not of its column's type"

    private static let values: [Int: Entry] = [
        6: values(wrongForm),  // CANNOT_PARSE_TEXT
        25: values(wrongForm),  // CANNOT_PARSE_ESCAPE_SEQUENCE
        26: values(wrongForm),  // CANNOT_PARSE_QUOTED_STRING
        27: values(wrongForm),  // CANNOT_PARSE_INPUT_ASSERTION_FAILED
        38: values("a value is no date"),  // CANNOT_PARSE_DATE
        41: values("a value is no moment"),  // CANNOT_PARSE_DATETIME
        43: values(wrongType),  // ILLEGAL_TYPE_OF_ARGUMENT
        53: values(wrongType),  // TYPE_MISMATCH
        69: values("a number is out of range"),  // ARGUMENT_OUT_OF_BOUND
        70: values(wrongType),  // CANNOT_CONVERT_TYPE
        72: values("a value is no number"),  // CANNOT_PARSE_NUMBER
        117: values(wrongForm),  // INCORRECT_DATA
        130: values("a value is no array"),  // CANNOT_READ_ARRAY_FROM_TEXT
        131: values("a value is too long"),  // TOO_LARGE_STRING_SIZE
        153: values("a division by zero"),  // ILLEGAL_DIVISION
        158: tooLarge("the batch has more rows than the server takes"),  // TOO_MANY_ROWS
        167: tooLarge("the query is nested more deeply than the server takes"),  // TOO_DEEP_AST
        168: tooLarge(
            "the query has more parts than the server takes",
            hint: "make the batches smaller, or raise max_ast_elements"),
        190: values("arrays are not of one length"),  // SIZES_OF_ARRAYS_DONT_MATCH
        191: tooLarge("a set has more values than the server takes"),  // SET_SIZE_LIMIT_EXCEEDED
        307: tooLarge("the batch has more bytes than the server takes"),  // TOO_MANY_BYTES
        321: values("a value is out of its type's range"),  // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349: values("a column must not be null"),  // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        376: values("a value is no UUID"),  // CANNOT_PARSE_UUID
        386: values("values have no type in common"),  // NO_COMMON_TYPE
        395: values("the query raised an error about its values"),  // FUNCTION_THROW_IF_VALUE…
        407: values("a number is out of range"),  // DECIMAL_OVERFLOW
        441: values("a value is no IP address"),  // CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING
        467: values("a value is no boolean"),  // CANNOT_PARSE_BOOL
        469: values("a constraint does not hold"),  // VIOLATED_CONSTRAINT
        565: Entry(  // TOO_MANY_PARTITIONS
            class: .tooLarge, sentence: tooManyPartitions.sentence,
            hint: tooManyPartitions.hint),
        632: values(wrongForm),  // UNEXPECTED_DATA_AFTER_PARSED_VALUE
        636: values(wrongForm),  // CANNOT_EXTRACT_TABLE_STRUCTURE: of data
        675: values("a value is no IP address"),  // CANNOT_PARSE_IPV4
        676: values("a value is no IP address"),  // CANNOT_PARSE_IPV6
        691: values("a value is not one of the enumeration"),  // UNKNOWN_ELEMENT_OF_ENUM
    ]
}
