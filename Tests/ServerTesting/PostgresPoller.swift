internal import Foundation

/// Asks a database the same question about every millisecond, over one connection that stays open,
/// and remembers each answer: the eye of a reader while something else writes.
package final class PostgresPoller: @unchecked Sendable {  // one owner starts and stops it
    private let server: PostgresServer
    private let url: String
    private let process = Process()

    /// Returns once the first answer is there. `question` is a query of one text.
    package init(_ server: PostgresServer, url: String, question: String) throws {
        self.server = server
        self.url = url
        _ = try server.run(
            "CREATE TABLE poll_answer (answer text);"
                + "CREATE TABLE poll_end ()", url: url)
        // Each statement of the loop sees a snapshot of its own (READ COMMITTED).
        let loop = """
            DO $$
            DECLARE one text; known text[] := '{}'; polls bigint := 0;
            BEGIN
                LOOP
                    SELECT (\(question)) INTO one;
                    polls := polls + 1;
                    IF one IS NULL OR NOT one = ANY (known) THEN
                        known := known || coalesce(one, 'null');
                        INSERT INTO poll_answer VALUES (coalesce(one, 'null'));
                        COMMIT;
                    END IF;
                    EXIT WHEN EXISTS (SELECT FROM poll_end);
                    PERFORM pg_sleep(0.001);
                END LOOP;
                INSERT INTO poll_answer VALUES ('polls ' || polls);
            END $$
            """
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            server.client, "-X", "-q", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", loop,
        ]
        process.standardInput = FileHandle.nullDevice
        try process.run()
        while try server.run("SELECT count(*) FROM poll_answer", url: url) == "0" {
            guard process.isRunning else {
                throw ServerProblem(description: "the poller ended before its first answer")
            }
        }
    }

    /// Ends it: the different answers in the order in which they were first seen, and how many
    /// polls there were.
    package func stop() throws -> (answers: [String], pollCount: Int) {
        _ = try server.run("INSERT INTO poll_end DEFAULT VALUES", url: url)
        process.waitUntilExit()
        var answers = try server.run("SELECT answer FROM poll_answer ORDER BY ctid", url: url)
            .split(separator: "\n").map(String.init)
        guard let last = answers.popLast(), last.hasPrefix("polls "),
            let count = Int(last.dropFirst(6))
        else { throw ServerProblem(description: "the poller failed") }
        return (answers, count)
    }
}
