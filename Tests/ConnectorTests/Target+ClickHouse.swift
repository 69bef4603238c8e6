import Connector
import KindTesting
import SegmentModel
import ServerTesting

extension TargetVariant {
    private static let noTransactions = "ClickHouse has no transactions"
    private static let noUniqueKeys = "ClickHouse has no unique keys"

    static let clickHouseServer = TargetVariant(
        .clickhouse, over: "ClickHouse 18.16",
        exceptions: [
            .noTransactions: noTransactions, .noUniqueKeys: noUniqueKeys,
            .noChecks: "ClickHouse has no constraints before 19.14",
            .noRowCounts: "ClickHouse 18.16 sends no X-ClickHouse-Summary",
            .rowsAreData: "ClickHouse 18.16 gives one code for wrong rows and wrong values",
        ]
    ) {
        try Target(clickHouse: ClickHouseServer.shared.get())
    }

    static let clickHouseEngine = TargetVariant(
        .clickhouse, over: "ClickHouse's current engine",
        exceptions: [.noTransactions: noTransactions, .noUniqueKeys: noUniqueKeys]
    ) {
        try Target(
            clickHouse: ClickHouseEngine.shared.get(), check: ", CONSTRAINT small CHECK id < 100")
    }
}

extension Target {
    init(clickHouse: any ClickHouse, check: String = "") throws {
        self.init(.clickhouse, url: try clickHouse.makeDatabase())
        clickHousePeople =
            "CREATE TABLE people (id Int32, name String\(check)) ENGINE = MergeTree ORDER BY id"
    }
}
