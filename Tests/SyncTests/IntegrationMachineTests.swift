import Connector
import SegmentModel
import ServerTesting
import Testing

@testable import Sync

/// The machine that decides which lanes run, without clock, network and ledger.
@Suite("Lanes run when there is something for them, and in turn")
struct IntegrationMachineTests {
    private static let failure = TargetFailure(
        class: .transient, targetCode: "08006", message: "the connection was lost")

    private static func backOff(_ time: UInt64, after earlier: BackOff? = nil) -> BackOff {
        BackOff(after: earlier, failure, place: "crm/1", at: time)
    }

    /// The machine with how it is asked.
    private final class Lanes {
        var machine = IntegrationMachine()
        var size = 2
        var now: Int64 = 0
        var monotonic: UInt64 = 0

        func tell(_ segment: Int64, _ news: UInt64, at cursor: UInt64? = nil) {
            machine.tell(
                SegmentID(segment), cursor: cursor.map { LaneCursor(position: Position($0)) },
                news: Position(news))
        }

        func next(flush: Bool = false) -> Int64? {
            group(of: 1, flush: flush).first
        }

        func group(of limit: Int, flush: Bool = false) -> [Int64] {
            machine.next(
                of: size, together: limit, now: Timestamp(rawValue: now), monotonic: monotonic,
                flush: flush
            ).map(\.rawValue)
        }

        var due: Timestamp? { machine.waiting().due }
        var retry: (until: UInt64, failure: Failure)? { machine.waiting().retry }
        var isRunning: Bool { machine.runningCount > 0 }
        var hasReady: Bool { machine.hasReady }

        func knows(_ segment: Int64) -> Bool { machine.knows(SegmentID(segment)) }

        func backOff(of segment: Int64) -> BackOff? { machine.backOff(of: SegmentID(segment)) }

        func isRedriven(_ segment: Int64) -> Bool { machine.isRedriven(SegmentID(segment)) }

        func leave(_ segment: Int64) { machine.leave(SegmentID(segment)) }

        func end(_ segment: Int64, _ end: IntegrationMachine.End, at cursor: UInt64?) {
            machine.ended(
                SegmentID(segment), end,
                cursor: cursor.map { LaneCursor(position: Position($0)) })
        }
    }

    @Test("A lane runs while its segment has events behind its cursor, and rests then")
    func restsWithoutWork() {
        let lanes = Lanes()
        lanes.tell(1, 5, at: 5)
        #expect(lanes.next() == nil)
        lanes.tell(1, 6)
        #expect(lanes.next() == 1)
        #expect(lanes.next() == nil)
        lanes.end(1, .caughtUp, at: 6)
        #expect(lanes.next() == nil)
        #expect(lanes.due == nil)
        #expect(!lanes.isRunning)
    }

    @Test("Events that come while a lane runs give it another turn")
    func toldMeanwhile() {
        let lanes = Lanes()
        lanes.tell(1, 1)
        #expect(lanes.next() == 1)
        lanes.tell(1, 2)
        lanes.end(1, .caughtUp, at: 1)
        #expect(lanes.next() == 1)
    }

    @Test("A lane whose cursor stands inside of an event has work left")
    func partOfAnEvent() {
        let lanes = Lanes()
        lanes.machine.tell(
            SegmentID(1), cursor: LaneCursor(position: Position(4), profileCount: 2),
            news: Position(4))
        #expect(lanes.next() == 1)
    }

    @Test("No more run than there are sessions, and who waits longest is next")
    func inTurn() {
        let lanes = Lanes()
        for segment: Int64 in 1...4 { lanes.tell(segment, 9) }
        #expect([lanes.next(), lanes.next(), lanes.next()] == [1, 2, nil])
        #expect(lanes.hasReady)
        lanes.end(1, .yielded, at: 1)
        #expect(lanes.next() == 3)
        lanes.end(2, .yielded, at: 1)
        #expect(lanes.next() == 4)
        lanes.end(3, .yielded, at: 1)
        #expect(lanes.next() == 1)
    }

    @Test("A batch that may grow waits for its time, for more events, or for a flush")
    func due() {
        for way in 0..<3 {
            let lanes = Lanes()
            lanes.tell(1, 3)
            #expect(lanes.next() == 1)
            lanes.end(1, .waiting(until: Timestamp(rawValue: 1000)), at: nil)
            lanes.now = 999
            #expect(lanes.next() == nil)
            #expect(lanes.due == Timestamp(rawValue: 1000))
            switch way {
            case 0: lanes.now = 1000
            case 1: lanes.tell(1, 4)
            default: break
            }
            #expect(lanes.next(flush: way == 2) == 1, "\(way)")
            #expect(lanes.due == nil)
        }
    }

    @Test("A lane that failed is tried again when its time is over, and its tries are counted")
    func backsOff() throws {
        let lanes = Lanes()
        lanes.tell(1, 3)
        lanes.tell(2, 3)
        #expect(lanes.next() == 1)
        let first = Self.backOff(0)
        lanes.end(1, .failed(first), at: nil)
        #expect(lanes.next() == 2)
        lanes.monotonic = first.untilNanoseconds - 1
        #expect(lanes.next() == nil)
        #expect(lanes.retry?.until == first.untilNanoseconds)
        lanes.monotonic += 1
        #expect(lanes.next() == 1)
        #expect(lanes.retry == nil)
        let second = Self.backOff(lanes.monotonic, after: lanes.backOff(of: 1))
        #expect(second.attempt == 2)
        lanes.end(1, .failed(second), at: nil)
        lanes.monotonic = second.untilNanoseconds
        #expect(lanes.next() == 1)
        lanes.end(1, .caughtUp, at: 3)
        #expect(lanes.backOff(of: 1) == nil)
    }

    @Test("A lane that let others go first has no failure behind it any more")
    func yieldsAfterFailure() {
        let lanes = Lanes()
        lanes.tell(1, 3)
        #expect(lanes.next() == 1)
        let first = Self.backOff(0)
        lanes.end(1, .failed(first), at: nil)
        lanes.monotonic = first.untilNanoseconds
        #expect(lanes.next() == 1)
        lanes.end(1, .yielded, at: 1)
        #expect(lanes.backOff(of: 1) == nil)
        #expect(lanes.next() == 1)
        #expect(Self.backOff(lanes.monotonic, after: lanes.backOff(of: 1)).attempt == 1)
    }

    @Test("What came while a lane ran may fill its batch: it is looked at at once")
    func toldBeforeItWaits() {
        let lanes = Lanes()
        lanes.tell(1, 3)
        #expect(lanes.next() == 1)
        lanes.tell(1, 4)
        lanes.end(1, .waiting(until: Timestamp(rawValue: 1000)), at: nil)
        #expect(lanes.due == nil)
        #expect(lanes.next() == 1)
        lanes.end(1, .waiting(until: Timestamp(rawValue: 1000)), at: nil)
        #expect(lanes.next() == nil)
    }

    @Test("A lane that leaves while it runs is forgotten when it ends, unless it comes back")
    func leaves() {
        let lanes = Lanes()
        lanes.tell(1, 3)
        lanes.tell(2, 3)
        #expect([lanes.next(), lanes.next()] == [1, 2])
        lanes.leave(1)
        lanes.leave(2)
        lanes.tell(2, 4)
        lanes.end(1, .yielded, at: 1)
        lanes.end(2, .yielded, at: 1)
        #expect([lanes.next(), lanes.next()] == [2, nil])
        #expect(!lanes.knows(1))
    }

    @Test("Parked changes to try again give a lane a turn of their own")
    func redrives() {
        let lanes = Lanes()
        lanes.tell(1, 3, at: 3)
        lanes.machine.setRedriven([SegmentID(1)], before: [])
        #expect(lanes.next() == 1)
        #expect(lanes.isRedriven(1))
        lanes.end(1, .caughtUp, at: 3)
        #expect(lanes.next() == nil)
    }

    @Test("Changes to try again that were asked for meanwhile, or failed, are still to be tried")
    func redrivenMeanwhile() {
        let lanes = Lanes()
        lanes.tell(1, 3, at: 2)
        #expect(lanes.next() == 1)
        lanes.machine.setRedriven([SegmentID(1)], before: [])
        lanes.end(1, .caughtUp, at: 3)
        #expect(lanes.next() == 1)
        lanes.end(1, .aborted, at: 3)
        #expect(lanes.next() == 1)
        lanes.end(1, .caughtUp, at: 3)
        #expect(lanes.next() == nil)
    }

    @Test("Random events: nothing waits without a reason, and nothing runs twice")
    func random() {
        var random = SeededGenerator()
        for _ in 0..<200 { history(&random) }
    }

    /// One history against a model: each lane's last event and its cursor.
    private func history(_ random: inout SeededGenerator) {
        let lanes = Lanes()
        lanes.size = Int.random(in: 1...4, using: &random)
        var news: [Int64: UInt64] = [:]
        var cursors: [Int64: UInt64] = [:]
        var running: Set<Int64> = []
        var last: UInt64 = 0
        func hasWork(_ segment: Int64) -> Bool { (cursors[segment] ?? 0) < news[segment]! }
        for _ in 0..<400 {
            lanes.now += 1
            lanes.monotonic += UInt64.random(in: 0...200_000_000, using: &random)
            switch Int.random(in: 0..<3, using: &random) {
            case 0:
                last += 1
                let segment = Int64.random(in: 1...8, using: &random)
                news[segment] = last
                lanes.tell(segment, last)
            case 1:
                guard let segment = running.randomElement(using: &random) else { break }
                running.remove(segment)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: lanes.end(segment, .failed(Self.backOff(lanes.monotonic)), at: nil)
                case 1:
                    let time = Timestamp(rawValue: lanes.now + 20)
                    lanes.end(segment, .waiting(until: time), at: cursors[segment])
                case 2:
                    cursors[segment, default: 0] =
                        UInt64.random(in: (cursors[segment] ?? 0)...news[segment]!, using: &random)
                    lanes.end(segment, .yielded, at: cursors[segment])
                default:
                    cursors[segment] = news[segment]
                    lanes.end(segment, .caughtUp, at: cursors[segment])
                }
            default:
                while let segment = lanes.next() {
                    #expect(running.insert(segment).inserted, "\(segment) runs twice")
                    #expect(hasWork(segment), "\(segment) has nothing to do")
                    #expect(running.count <= lanes.size)
                }
            }
        }
        // Left to itself, it comes to rest with everything delivered.
        for segment in running {
            cursors[segment] = news[segment]
            lanes.end(segment, .caughtUp, at: cursors[segment])
        }
        var steps = 0
        while true {
            steps += 1
            #expect(steps < 1000, "it comes to no end")
            if let segment = lanes.next() {
                cursors[segment] = news[segment]
                lanes.end(segment, .caughtUp, at: cursors[segment])
                continue
            }
            if let due = lanes.due {
                lanes.now = max(lanes.now, due.rawValue)
            } else if let retry = lanes.retry {
                lanes.monotonic = max(lanes.monotonic, retry.until)
            } else {
                break
            }
        }
        for segment in news.keys { #expect(!hasWork(segment), "\(segment) waits for ever") }
    }

    // MARK: Together

    @Test("Lanes share a session only as far as more are ready than there are sessions")
    func together() {
        let lanes = Lanes()
        for segment: Int64 in 1...7 { lanes.tell(segment, 9) }
        #expect(lanes.group(of: 3) == [1, 2, 3])
        #expect(lanes.group(of: 9) == [4, 5, 6, 7])
        #expect(lanes.group(of: 9) == [])
        #expect(!lanes.hasReady)
        // A session is free once all of its lanes have ended.
        lanes.tell(8, 9)
        for segment: Int64 in 1...2 { lanes.end(segment, .caughtUp, at: 9) }
        #expect(lanes.group(of: 9) == [])
        lanes.end(3, .caughtUp, at: 9)
        #expect(lanes.group(of: 9) == [8])
    }

    @Test("Two lanes and two sessions: each has its own")
    func alone() {
        let lanes = Lanes()
        for segment: Int64 in 1...2 { lanes.tell(segment, 9) }
        #expect(lanes.group(of: 9) == [1])
        #expect(lanes.group(of: 9) == [2])
    }

    @Test("A lane that failed, or did not get on with others, is alone until it has delivered")
    func apart() {
        let lanes = Lanes()
        lanes.size = 1
        for segment: Int64 in 1...4 { lanes.tell(segment, 9) }
        #expect(lanes.group(of: 9) == [1, 2, 3, 4])
        lanes.end(1, .apart, at: nil)
        lanes.end(2, .yielded, at: 3)
        lanes.end(3, .failed(Self.backOff(0)), at: nil)
        lanes.end(4, .yielded, at: 3)
        lanes.monotonic = 60_000_000_000
        #expect(lanes.group(of: 9) == [1])
        lanes.end(1, .yielded, at: 3)
        #expect(lanes.group(of: 9) == [2, 4])
        for segment: Int64 in [2, 4] { lanes.end(segment, .caughtUp, at: 9) }
        #expect(lanes.group(of: 9) == [3])
        lanes.end(3, .yielded, at: 3)
        #expect(lanes.group(of: 9) == [1, 3])
    }

    @Test("A lane with parked changes to try again runs alone")
    func redrivenAlone() {
        let lanes = Lanes()
        lanes.size = 1
        for segment: Int64 in 1...3 { lanes.tell(segment, 9) }
        lanes.machine.setRedriven([SegmentID(2)], before: [])
        #expect(lanes.group(of: 9) == [1])
        lanes.end(1, .caughtUp, at: 9)
        #expect(lanes.group(of: 9) == [2])
        lanes.end(2, .yielded, at: 3)
        #expect(lanes.group(of: 9) == [3, 2])
    }
}
