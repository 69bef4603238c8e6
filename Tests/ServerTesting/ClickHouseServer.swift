internal import Foundation

/// The ClickHouse server that Debian packs (18.16), in a temporary directory, on free ports of
/// 127.0.0.1. Users: `default` without a password, `reader` who may only read, `keyed` with the
/// password `hunter2é`, `worker` without one, of the profile `worker`.
package final class ClickHouseServer: ClickHouse {
    /// One server for all suites of a test process, started at first use.
    package static let shared = Result { try ClickHouseServer() }

    package let port: Int
    private let http: HTTPClient
    private let keeper: ServerKeeper
    private let directory: String
    private let nativePort: Int
    private let timeZone: String

    package init(timeZone: String = "UTC") throws {
        let program = try ProgramSearch.find("clickhouse-server", package: "clickhouse-server")
        let port = try LoopbackPort.free()
        let user = ServerUser(name: "clickhouse")
        let directory = try user.makeDirectory("clickhouse")
        let nativePort = try LoopbackPort.free()
        try Self.writeConfiguration(
            port: port, nativePort: nativePort, directory: directory, timeZone: timeZone,
            worker: Worker())
        keeper = try ServerKeeper(
            user.prefix + [program, "--config-file=\(directory)/config.xml"], directory: directory,
            stoppingWith: "KILL")
        http = HTTPClient(port: port)
        self.port = port
        self.directory = directory
        self.nativePort = nativePort
        self.timeZone = timeZone
        try keeper.waitUntilReady { _ = try rows("SELECT 1") }
    }

    package func run(_ sql: [UInt8]) throws -> (status: Int, body: [UInt8]) {
        try http.post(sql)
    }

    package func stop() {
        keeper.stop()
    }

    /// Ends the server; its data stay. `startAgain` brings it back on the same port.
    package func end(_ how: ServerEnd) {
        // It would wait long for who is still connected.
        http.disconnect()
        keeper.end(with: how == .orderly ? "TERM" : "KILL")
    }

    package func startAgain() throws {
        keeper.startAgain()
        try keeper.waitUntilReady { _ = try rows("SELECT 1") }
    }

    /// What the server lets the user `worker` do.
    package struct Worker: Sendable {
        package var password = ""
        package var isReadOnly = false
        /// 0: as many as there are.
        package var queriesAtOnce = 0
        /// Elements of its profile, for example `<async_insert>1</async_insert>`.
        package var settings = ""

        package init() {}
    }

    /// Sets it for every query from now on.
    package func set(_ worker: Worker) throws {
        try Self.writeConfiguration(
            port: port, nativePort: nativePort, directory: directory, timeZone: timeZone,
            worker: worker)
        _ = try rows("SYSTEM RELOAD CONFIG")
    }

    private static func writeConfiguration(
        port: Int, nativePort: Int, directory: String, timeZone: String, worker: Worker
    ) throws {
        try configuration(port, nativePort, directory, timeZone, worker).write(
            toFile: "\(directory)/config.xml", atomically: true, encoding: .utf8)
    }

    private static func configuration(
        _ port: Int, _ nativePort: Int, _ directory: String, _ timeZone: String, _ worker: Worker
    ) -> String {
        """
        <yandex>
            <logger><level>warning</level><console>1</console></logger>
            <listen_host>127.0.0.1</listen_host>
            <http_port>\(port)</http_port>
            <tcp_port>\(nativePort)</tcp_port>
            <keep_alive_timeout>600</keep_alive_timeout>
            <path>\(directory)/data/</path>
            <tmp_path>\(directory)/tmp/</tmp_path>
            <timezone>\(timeZone)</timezone>
            <mark_cache_size>67108864</mark_cache_size>
            <users_config>config.xml</users_config>
            <default_profile>default</default_profile>
            <default_database>default</default_database>
            <profiles>
                <default></default>
                <reader><readonly>1</readonly></reader>
                <worker>
                    <readonly>\(worker.isReadOnly ? 1 : 0)</readonly>
                    <max_concurrent_queries_for_user>\(worker.queriesAtOnce)\
        </max_concurrent_queries_for_user>
                    \(worker.settings)
                </worker>
            </profiles>
            <quotas><default></default></quotas>
            <users>
                <default>
                    <password></password>
                    <networks><ip>127.0.0.1</ip></networks>
                    <profile>default</profile>
                    <quota>default</quota>
                </default>
                <reader>
                    <password></password>
                    <networks><ip>127.0.0.1</ip></networks>
                    <profile>reader</profile>
                    <quota>default</quota>
                </reader>
                <keyed>
                    <password>hunter2é</password>
                    <networks><ip>127.0.0.1</ip></networks>
                    <profile>default</profile>
                    <quota>default</quota>
                </keyed>
                <worker>
                    <password>\(worker.password)</password>
                    <networks><ip>127.0.0.1</ip></networks>
                    <profile>worker</profile>
                    <quota>default</quota>
                </worker>
            </users>
        </yandex>
        """
    }
}
