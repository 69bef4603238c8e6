import Foundation
import ServerTesting
import Testing

/// Input that comes in parts, is broken off, or is refused in a later part.
@Suite(.serialized) struct AppendTests {
    private static let event =
        #"{"type":"profiles_added","event_id":"e1","segment_id":1,"profiles":[{"id":"a"}]}"# + "\n"
    private static let bad = #"{"type":"profiles_aded"}"#
    private static let atomicByteCount = 64 << 20

    private let scratch: TemporaryDirectory
    private let program: Program

    init() throws {
        scratch = try TemporaryDirectory()
        program = Program(directory: scratch.path)
    }

    /// The event, then lines of white space up to `byteCount` bytes.
    private func padded(to byteCount: Int) -> Data {
        let line = Data(repeating: UInt8(ascii: " "), count: (1 << 20) - 1) + Data("\n".utf8)
        var data = Data(Self.event.utf8)
        while data.count + line.count <= byteCount { data += line }
        data += line.suffix(byteCount - data.count)
        return data
    }

    @Test("Input of the limit's length is atomic, also where its last line has no end")
    func limit() throws {
        let input = padded(to: Self.atomicByteCount - Self.bad.utf8.count) + Data(Self.bad.utf8)
        #expect(input.count == Self.atomicByteCount)
        let refused = try program.run("append", input: input)
        #expect(refused.status == 3)
        #expect(refused.errors.contains("nothing was appended"))
    }

    @Test("A bad line behind the first part leaves that part durable and says so")
    func laterPart() throws {
        let input = padded(to: Self.atomicByteCount + (2 << 20)) + Data(Self.bad.utf8)
        let refused = try program.run("append", input: input)
        #expect(refused.status == 3)
        #expect(refused.errors.contains("1 event before it is durable"))
        let again = try program.run("append", "--json", input: Data(Self.event.utf8)).json
        #expect(again["duplicates"] as? Int == 1)
    }

    @Test("Ctrl-C while the input waits leaves whole parts durable and says how many events")
    func interrupted() throws {
        let pipe = Pipe()
        let running = try program.start(["append"], reading: pipe.fileHandleForReading)
        let fifo = pipe.fileHandleForWriting
        // A pipe holds 64 KiB: once all is written, the first part is cut and the second begun.
        try fifo.write(contentsOf: padded(to: Self.atomicByteCount + (1 << 20)))
        running.send(SIGINT)
        let result = try running.wait()
        try fifo.close()
        #expect(result.status == 1)
        #expect(result.errors.contains("interrupted; the first 1 event is durable"))
        let again = try program.run("append", "--json", input: Data(Self.event.utf8)).json
        #expect(again["duplicates"] as? Int == 1)
    }

    @Test("Ctrl-C before the first part appends nothing")
    func interruptedEarly() throws {
        let pipe = Pipe()
        let running = try program.start(["append"], reading: pipe.fileHandleForReading)
        let fifo = pipe.fileHandleForWriting
        // More than the pipe holds: the program reads, so it listens to signals.
        try fifo.write(contentsOf: padded(to: 1 << 20))
        running.send(SIGINT)
        let result = try running.wait()
        try fifo.close()
        #expect(result.status == 1)
        #expect(result.errors.contains("interrupted; nothing was appended"))
    }
}
