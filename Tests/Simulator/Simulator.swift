import Glibc

/// Runs histories, and tells of those that are not as they should be.
struct Simulator {
    private var first: UInt64 = 1
    private var count = 1
    private var canary: Canary?
    /// Which steps of the history are taken; nil: all.
    private var chosen: [Int]?
    private var isVerbose = false
    /// All that is found is told, in a line each.
    private var findsAll = false
    private var fault: String?

    /// - Parameter arguments: `--seed N --count N --canary NAME --steps 0,3,4 --all --verbose`.
    init(arguments: [String]) {
        var rest = arguments[...]
        while let option = rest.popFirst() {
            if option == "--verbose" {
                isVerbose = true
                continue
            }
            if option == "--all" {
                findsAll = true
                continue
            }
            let value = rest.popFirst() ?? ""
            switch option {
            case "--seed":
                first = UInt64(value) ?? 0
                if UInt64(value) == nil { fault = "\(value) is no seed" }
            case "--count":
                count = Int(value) ?? 0
                if count <= 0 { fault = "\(value) is no number of histories" }
            case "--canary":
                canary = Canary(rawValue: value)
                if canary == nil { fault = "there is no canary \(value)" }
            case "--steps": chosen = value.split(separator: ",").compactMap { Int($0) }
            default: fault = "there is no option \(option)"
            }
        }
    }

    /// - Returns: the process's exit code.
    func run() -> Int32 {
        if let fault {
            print("simulator: \(fault)")
            return 2
        }
        var foundCount = 0
        for offset in 0..<UInt64(count) {
            let seed = first &+ offset
            guard let finding = history(seed, chosen, isVerbose).first else { continue }
            print("seed \(seed): \(finding)")
            foundCount += 1
            if findsAll { continue }
            let steps = chosen ?? shortened(seed)
            print("again: \(again(seed, steps))")
            if !isVerbose { _ = history(seed, steps, true) }
            return 1
        }
        print(
            "simulator: \(count) histories from seed \(first), "
                + (foundCount == 0 ? "nothing found" : "found something in \(foundCount)"))
        return foundCount == 0 ? 0 : 1
    }

    private func again(_ seed: UInt64, _ steps: [Int]) -> String {
        let options = canary.map { " --canary \($0.rawValue)" } ?? ""
        return "--seed \(seed)\(options) --steps "
            + steps.map(String.init).joined(separator: ",")
    }

    /// What is found in a history.
    private func history(_ seed: UInt64, _ chosen: [Int]?, _ isVerbose: Bool) -> [String] {
        Scheduler.shared.reset(seed: seed)
        let world = World(seed: seed, canary: canary)
        if isVerbose {
            world.log = {
                print("  \($0)")
                fflush(nil)
            }
        }
        var maker = StepMaker(seed: seed, isLog: world.isLog)
        let all = maker.steps()
        let steps = chosen.map { $0.filter { $0 < all.count }.map { all[$0] } } ?? all
        let isDone = Scheduler.shared.run { () -> Bool in
            for step in steps {
                await world.take(step)
                if !world.findings.isEmpty { return true }
            }
            await world.settle()
            return true
        }
        if isDone == nil {
            world.find(
                Scheduler.shared.isExhausted
                    ? "it goes on for ever" : "everything waits, and nothing will come")
        }
        return world.findings
    }

    /// The fewest steps, by leaving out one after the other, that still find something.
    private func shortened(_ seed: UInt64) -> [Int] {
        let world = World(seed: seed, canary: canary)
        var maker = StepMaker(seed: seed, isLog: world.isLog)
        var steps = Array(maker.steps().indices)
        var isShorter = true
        while isShorter {
            isShorter = false
            for index in steps.indices.reversed() where index < steps.count {
                var fewer = steps
                fewer.remove(at: index)
                if !history(seed, fewer, false).isEmpty {
                    steps = fewer
                    isShorter = true
                }
            }
        }
        return steps
    }
}
