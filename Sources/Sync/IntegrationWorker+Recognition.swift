internal import Connector
internal import Projection
internal import SegmentModel

/// Whether the target is the one that the ledger has delivered to (INV-12).
extension IntegrationWorker {
    var recognizer: TargetRecognizer {
        TargetRecognizer(integration: name, context: context)
    }

    /// Compares all lanes with the target's rows, once for each session and before anything is
    /// written over it. One after the other: the first one marks rows of an earlier version, which
    /// no open lane may hold.
    ///
    /// - Throws: `cursorFenced` with the reason; `TargetFailure` if the rows cannot be read.
    func recognize(_ lease: SessionPool.Lease) async throws {
        if recognized.contains(lease.number) { return }
        let before = recognition
        let task = Task {
            _ = await before?.result
            try await judge(lease)
        }
        recognition = task
        try await withTaskCancellationHandler {
            try await task.value
        } onCancel: {
            task.cancel()
        }
    }

    private func judge(_ lease: SessionPool.Lease) async throws {
        let result = try await recognizer.read(lease.session, lease.support)
        if let failure = result.failure(of: name) { throw failure }
        let isFirst = recognized.isEmpty
        recognized.insert(lease.number)
        guard isFirst else { return }
        let count = try await recognizer.mark(result, over: lease.session)
        if count > 0 { tell(SyncNotice(name, .marked(rowCount: count))) }
    }

    /// What is found of the lanes before a rebuild is carried out. An operator's takes over
    /// whatever is there, and leaves other lanes to be told of when they are delivered.
    ///
    /// - Throws: `cursorFenced` where a fill may not begin.
    func recognize(
        _ lease: SessionPool.Lease, before request: ResyncRequest, at position: Position
    ) async throws -> TargetRecognizer.Result {
        let segments = Set(request.segments)
        let isFill = request.reason == .fill
        let rebuilding = Recognition.Rebuilding(
            byOperator: isFill ? [] : segments, request: position,
            byFill: isFill ? segments : [])
        do {
            let result = try await recognizer.read(
                lease.session, lease.support, rebuilding: rebuilding)
            let isTaken = result.verdict.faults[.diverged]?.contains(where: segments.contains)
            if isFill || isTaken == true, let failure = result.failure(of: name) { throw failure }
            return result
        } catch let failure as TargetFailure {
            try Task.checkCancellation()
            throw ResyncFailure(request, at: position, plan.told(failure))
        }
    }

    /// Why a lane is not as it was left: what the rows say, or else another worker. And whether the
    /// session is of use still.
    func reason(
        for failure: Failure, over lease: SessionPool.Lease
    ) async -> (failure: any Error, isUsable: Bool) {
        do {
            let result = try await recognizer.read(lease.session, lease.support)
            return (result.failure(of: name) ?? failure, true)
        } catch is TargetFailure {
            // The target cannot be asked any more: what was found first stays the reason.
            return (failure, false)
        } catch {
            return (error, false)
        }
    }

    /// Looks at the target of an integration that has nothing to deliver. One that cannot be
    /// reached just now is looked at when something is.
    func lookAtTarget() async throws {
        hasLooked = true
        let lease: SessionPool.Lease
        do {
            lease = try await sessions.take(for: name)
        } catch is TargetFailure {
            try Task.checkCancellation()
            return
        }
        do {
            try await recognize(lease)
            await sessions.putBack(lease, of: name, isUsable: true)
        } catch is TargetFailure {
            await sessions.putBack(lease, of: name, isUsable: false)
            try Task.checkCancellation()
        } catch {
            await sessions.putBack(lease, of: name, isUsable: false)
            throw error
        }
    }
}
