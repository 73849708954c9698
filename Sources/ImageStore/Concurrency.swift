import ByteStream
import Synchronization

/// Number of simultaneous transfers.
package let concurrencyLimit = 4

/// Number of requests with short answers that are open at the same time.
package let questionLimit = 8

/// Signals that the result of work is no longer wanted.
package final class Cancellation: Sendable {
    package struct Cancelled: Error {}

    private let flag = Atomic(false)

    package func cancel() { flag.store(true, ordering: .relaxed) }

    package func check() throws(Cancelled) {
        if flag.load(ordering: .relaxed) { throw Cancelled() }
    }
}

/// Runs `body` for every item, several at a time, and waits for all of them.
///
/// After an error no further item is started, and running items are asked to stop.
///
/// - Returns: the results in the order of the items.
/// - Throws: the first error.
package func concurrently<Item: Sendable, Result: Sendable>(
    _ items: [Item], limit: Int = concurrencyLimit,
    _ body: @escaping @Sendable (Item, Cancellation) throws -> Result
) throws -> [Result] {
    let work = Work(items, body)
    // This thread is one of the workers.
    var threads: [WorkerThread] = []
    for _ in 1..<max(1, min(limit, items.count)) {
        guard let thread = WorkerThread({ work.run() }) else { break }
        threads.append(thread)
    }
    work.run()
    for thread in threads { thread.join() }
    return try work.results()
}

private final class Work<Item: Sendable, Result: Sendable>: Sendable {
    private struct State {
        var next = 0
        var results: [Result?]
        var error: (any Error)?
    }

    private let items: [Item]
    private let body: @Sendable (Item, Cancellation) throws -> Result
    private let cancellation = Cancellation()
    private let state: Guarded<State>

    init(_ items: [Item], _ body: @escaping @Sendable (Item, Cancellation) throws -> Result) {
        self.items = items
        self.body = body
        state = Guarded(State(results: Array(repeating: nil, count: items.count)))
    }

    func run() {
        while let index = nextIndex() {
            do {
                let result = try body(items[index], cancellation)
                state.withLock { $0.results[index] = result }
            } catch {
                cancellation.cancel()
                state.withLock { if $0.error == nil { $0.error = error } }
            }
        }
    }

    private func nextIndex() -> Int? {
        state.withLock { state in
            guard state.error == nil, state.next < items.count else { return nil }
            defer { state.next += 1 }
            return state.next
        }
    }

    func results() throws -> [Result] {
        try state.withLock { state in
            if let error = state.error { throw error }
            return state.results.compactMap { $0 }
        }
    }
}
