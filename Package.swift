// swift-tools-version: 6.2
import PackageDescription

// The manifest is a table: each target, its row (a target imports only rows above its own; checked
// by Tests/StyleTests), and what it needs. Settings follow from the kind.

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// Of modules that the exhaustive tests of the ledger, the projections and the parser live in:
/// optimized in debug builds too, or those tests take minutes instead of seconds.
let optimized = settings + [.unsafeFlags(["-O"], .when(configuration: .debug))]

func module(
    _ name: String, _ dependencies: [Target.Dependency], plugins: [Target.PluginUsage] = [],
    settings: [SwiftSetting] = settings
) -> Target {
    .target(
        name: name, dependencies: dependencies, swiftSettings: settings, plugins: plugins)
}

func test(
    _ name: String, _ dependencies: [Target.Dependency], files: [String] = [],
    settings: [SwiftSetting] = settings
) -> Target {
    .testTarget(name: name, dependencies: dependencies, exclude: files, swiftSettings: settings)
}

func system(_ name: String, pkgConfig: String? = nil, package: String? = nil) -> Target {
    .systemLibrary(name: name, pkgConfig: pkgConfig, providers: package.map { [.apt([$0])] })
}

let asyncHTTPClient = Target.Dependency.product(
    name: "AsyncHTTPClient", package: "async-http-client")
let argumentParser = Target.Dependency.product(
    name: "ArgumentParser", package: "swift-argument-parser")
let crypto = Target.Dependency.product(name: "Crypto", package: "swift-crypto")
let dequeModule = Target.Dependency.product(name: "DequeModule", package: "swift-collections")
let grdb = Target.Dependency.product(name: "GRDB", package: "GRDB.swift")
let heapModule = Target.Dependency.product(name: "HeapModule", package: "swift-collections")
let nioCore = Target.Dependency.product(name: "NIOCore", package: "swift-nio")
let nioHTTP1 = Target.Dependency.product(name: "NIOHTTP1", package: "swift-nio")
let nioHTTPCompression = Target.Dependency.product(
    name: "NIOHTTPCompression", package: "swift-nio-extras")
let nioPosix = Target.Dependency.product(name: "NIOPosix", package: "swift-nio")
let nioSSL = Target.Dependency.product(name: "NIOSSL", package: "swift-nio-ssl")
let sqlite = Target.Dependency.product(name: "GRDBSQLite", package: "GRDB.swift")
let yams = Target.Dependency.product(name: "Yams", package: "Yams")

/// Embeds the target's folder of migrations/ into it.
let embeddedMigrations: [Target.PluginUsage] = [.plugin(name: "EmbedMigrations")]

let package = Package(
    name: "segledger",
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-collections", from: "1.1.0"),
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/apple/swift-nio-extras", from: "1.35.0"),
        .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.0"),
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        // Build time: migrations/ as Swift.
        .executableTarget(
            name: "embed-migrations", path: "Sources/EmbedMigrations", swiftSettings: settings),
        .plugin(
            name: "EmbedMigrations", capability: .buildTool(),
            dependencies: ["embed-migrations"], path: "Sources/EmbedMigrationsPlugin"),
        // Row 0: C.
        system("CLZ4", package: "liblz4-dev"),
        system("CLibPQ", pkgConfig: "libpq", package: "libpq-dev"),
        system("CMariaDB", pkgConfig: "libmariadb", package: "libmariadb-dev"),
        system("CODBC", pkgConfig: "odbc", package: "unixodbc-dev"),
        system("CRoaring", package: "libroaring-dev"),
        .target(name: "CChecksum"),
        system("CPrefetch"),
        // Row 1: the words.
        module("SegmentModel", [], settings: optimized),
        // Row 2: mechanisms.
        module("EventJSON", ["SegmentModel"], settings: optimized),
        module("SQLTemplate", ["SegmentModel", crypto], settings: optimized),
        module("StorageIO", ["SegmentModel"], settings: optimized),
        module("FrameCodec", ["SegmentModel", "CLZ4", "CChecksum"], settings: optimized),
        module("MerkleTree", [crypto], settings: optimized),
        // Row 3: the two ports, and the configuration.
        module(
            "Ledger", ["SegmentModel", "StorageIO", "FrameCodec", "MerkleTree", "CPrefetch"],
            settings: optimized),
        module("Connector", ["SegmentModel", "SQLTemplate", "StorageIO"]),
        module(
            "OperatorConfiguration",
            ["SegmentModel", "EventJSON", "SQLTemplate", "StorageIO", yams]),
        // Row 4: state derived from the ledger.
        module(
            "Projection",
            [
                "SegmentModel", "FrameCodec", "StorageIO", "Ledger", "CRoaring", crypto, grdb,
                sqlite,
            ], plugins: embeddedMigrations, settings: optimized),
        // Row 5: adapters.
        module(
            "ConnectorSQLite", ["SegmentModel", "SQLTemplate", "StorageIO", "Connector", sqlite],
            plugins: embeddedMigrations),
        module(
            "ConnectorPostgres",
            ["SegmentModel", "SQLTemplate", "StorageIO", "Connector", "CLibPQ"],
            plugins: embeddedMigrations),
        module(
            "ConnectorMySQL",
            ["SegmentModel", "SQLTemplate", "StorageIO", "Connector", "CMariaDB"],
            plugins: embeddedMigrations),
        module(
            "ConnectorODBC",
            ["SegmentModel", "SQLTemplate", "StorageIO", "Connector", "CODBC"],
            plugins: embeddedMigrations),
        module(
            "ConnectorClickHouse",
            [
                "SegmentModel", "SQLTemplate", "Connector", "CLZ4", asyncHTTPClient, nioCore,
                nioHTTP1,
                nioHTTPCompression, nioPosix, nioSSL,
            ], plugins: embeddedMigrations),
        // Row 6: the application.
        module(
            "Sync",
            [
                "SegmentModel", "EventJSON", "SQLTemplate", "FrameCodec", "StorageIO", "Ledger",
                "Connector", "Projection", crypto, dequeModule, heapModule,
            ], settings: optimized),
        module(
            "QueryLab",
            ["SegmentModel", "SQLTemplate", "Ledger", "Connector", "Projection"]),
        module(
            "Audit", ["SegmentModel", "FrameCodec", "Ledger", crypto]),
        module(
            "Recovery",
            ["SegmentModel", "FrameCodec", "StorageIO", "MerkleTree", "Ledger", crypto]),
        // Row 7: doors.
        module(
            "CommandLineInterface",
            [
                "SegmentModel", "EventJSON", "SQLTemplate", "FrameCodec", "StorageIO", "Ledger",
                "Connector", "OperatorConfiguration", "Projection", "Sync", "QueryLab", "Audit",
                "Recovery", argumentParser, grdb,
            ]),
        // Row 8: the composition root, the only place that names adapters.
        .executableTarget(
            name: "segledger",
            dependencies: [
                "Connector", "ConnectorSQLite", "ConnectorPostgres", "ConnectorMySQL",
                "ConnectorODBC", "ConnectorClickHouse", "CommandLineInterface",
            ],
            swiftSettings: settings),
        // Tests.
        test("SegmentModelTests", ["SegmentModel"]),
        test("EventJSONTests", ["SegmentModel", "EventJSON"]),
        .target(
            name: "KindTesting",
            dependencies: [
                "SegmentModel", "SQLTemplate", "Connector", "ConnectorSQLite", "ConnectorPostgres",
                "ConnectorMySQL", "ConnectorODBC", "ConnectorClickHouse",
            ],
            path: "Tests/KindTesting", swiftSettings: settings),
        .target(
            name: "DocumentationTesting",
            dependencies: ["SegmentModel", "SQLTemplate", "Connector", "KindTesting"],
            path: "Tests/DocumentationTesting", swiftSettings: settings),
        .target(name: "CAllocationCount", path: "Tests/CAllocationCount"),
        test(
            "SQLTemplateTests",
            [
                "SegmentModel", "EventJSON", "SQLTemplate", "Connector", "KindTesting",
                "DocumentationTesting", "CAllocationCount",
            ],
            files: ["Golden"]),
        test(
            "TemplateServerTests",
            [
                "SegmentModel", "SQLTemplate", "Connector", "KindTesting", "ServerTesting",
                "DocumentationTesting",
            ]),
        test(
            "DifferentialTests",
            ["SegmentModel", "SQLTemplate", "Connector", "KindTesting", "ServerTesting"],
            settings: optimized),
        test("FrameCodecTests", ["SegmentModel", "FrameCodec", "CChecksum"]),
        test("MerkleTreeTests", ["MerkleTree", crypto]),
        .target(
            name: "StorageTesting", dependencies: ["SegmentModel", "StorageIO"],
            path: "Tests/StorageTesting",
            swiftSettings: optimized),
        test("StorageIOTests", ["SegmentModel", "StorageIO", "StorageTesting"]),
        .executableTarget(
            name: "LedgerWriter",
            dependencies: ["SegmentModel", "FrameCodec", "Ledger", "StorageTesting"],
            path: "Tests/LedgerWriter", swiftSettings: settings),
        test(
            "LedgerTests",
            [
                "SegmentModel", "StorageIO", "FrameCodec", "MerkleTree", "Ledger",
                "StorageTesting", "LedgerWriter", crypto,
            ], files: ["Golden"], settings: optimized),
        test(
            "OperatorConfigurationTests",
            [
                "SegmentModel", "EventJSON", "SQLTemplate", "StorageIO", "OperatorConfiguration",
                "Connector", "KindTesting", "StorageTesting",
            ]),
        .target(
            name: "ProjectionModel", dependencies: ["SegmentModel", "Projection"],
            path: "Tests/ProjectionModel", swiftSettings: optimized),
        test(
            "ProjectionTests",
            [
                "SegmentModel", "EventJSON", "StorageIO", "FrameCodec", "Ledger",
                "OperatorConfiguration", "Projection", "ProjectionModel",
            ], settings: optimized),
        .executableTarget(
            name: "Simulator",
            dependencies: [
                "SegmentModel", "EventJSON", "SQLTemplate", "StorageIO", "FrameCodec", "Ledger",
                "Connector", "OperatorConfiguration", "Projection", "ProjectionModel", "Sync",
                "KindTesting",
            ], path: "Tests/Simulator", swiftSettings: optimized),
        test("SimulatorTests", ["Simulator"]),
        .target(
            name: "ServerTesting", path: "Tests/ServerTesting",
            exclude: ["chdb_server.py", "tls_front.py"], swiftSettings: settings),
        test(
            "ConnectorTests",
            [
                "SegmentModel", "SQLTemplate", "StorageIO", "CLibPQ", "Connector",
                "ConnectorPostgres", "ConnectorMySQL", "ConnectorODBC",
                "KindTesting", "ServerTesting", "DocumentationTesting",
            ]),
        test("AuditTests", ["SegmentModel", "StorageIO", "FrameCodec", "Ledger", "Audit", crypto]),
        test(
            "RecoveryTests",
            ["SegmentModel", "StorageIO", "FrameCodec", "Ledger", "Recovery", "StorageTesting"]),
        test(
            "RowTests",
            [
                "SegmentModel", "EventJSON", "SQLTemplate", "StorageIO", "FrameCodec", "Ledger",
                "Connector", "OperatorConfiguration", "Projection", "Sync", "KindTesting",
                "ServerTesting",
            ]),
        test(
            "SyncTests",
            [
                "SegmentModel", "EventJSON", "SQLTemplate", "StorageIO", "FrameCodec", "Ledger",
                "Connector", "OperatorConfiguration", "Projection", "Sync", "KindTesting",
                "ServerTesting",
            ]),
        test(
            "QueryLabTests",
            [
                "SegmentModel", "SQLTemplate", "Connector", "QueryLab", "KindTesting",
                "ServerTesting",
            ]),
        test("StyleTests", []),
        test("EndToEndTests", ["segledger", "ServerTesting"]),
    ]
)
