import ByteStream
import Testing

@testable import Tar

/// Results of several threads, in the order of the walk.
@Suite struct OrderedRingTests {
    /// Squares a number; the time that it needs varies.
    private final class Chunk: RingChunk {
        private let results: Guarded<[Int]>
        private let failsAt: Int?
        var number = -1
        private var square = -1

        init(_ results: Guarded<[Int]>, failsAt: Int? = nil) {
            self.results = results
            self.failsAt = failsAt
        }

        func clear() { square = -1 }

        func work() {
            var sum = 0
            for step in 0..<((number % 7) * 1000 + number) where step % 3 != 1 { sum += 1 }
            square = sum >= 0 ? number * number : -1
        }

        func finish() throws(TarError) {
            if number == failsAt { throw .empty(path: "chunk") }
            results.withLock { $0.append(square) }
        }
    }

    @Test(arguments: [1, 2, 16]) func orderOfTheWalk(workerCount: Int) throws {
        let results = Guarded<[Int]>([])
        let ring = try OrderedRing(
            (0..<5).map { _ in Chunk(results) }, workerCount: workerCount)
        for number in 0..<2000 {
            if number == 1000 { ring.addWorkers(3) }
            try ring.next().number = number
            ring.submit()
        }
        try ring.finish()
        #expect(results.withLock { $0 } == (0..<2000).map { $0 * $0 })
    }

    @Test func nothingAtAll() throws {
        let results = Guarded<[Int]>([])
        try OrderedRing([Chunk(results)], workerCount: 4).finish()
        #expect(results.withLock { $0 }.isEmpty)
    }

    /// The walk gets the error when it asks for the next chunk, or at the end.
    @Test(arguments: [0, 100, 299]) func errorStopsTheWalk(failsAt: Int) throws {
        let results = Guarded<[Int]>([])
        let ring = try OrderedRing(
            (0..<8).map { _ in Chunk(results, failsAt: failsAt) }, workerCount: 4)
        let error = #expect(throws: TarError.self) {
            for number in 0..<300 {
                try ring.next().number = number
                ring.submit()
            }
            try ring.finish()
        }
        if case .empty = error {} else { Issue.record("another error: \(error as Any)") }
        ring.cancel()
        #expect(results.withLock { $0 } == (0..<failsAt).map { $0 * $0 })
    }

    /// The results until then are the first ones of the whole.
    @Test func cancelledWalk() throws {
        let results = Guarded<[Int]>([])
        let ring = try OrderedRing((0..<8).map { _ in Chunk(results) }, workerCount: 4)
        for number in 0..<100 {
            try ring.next().number = number
            ring.submit()
        }
        ring.cancel()
        let finished = results.withLock { $0 }
        #expect(finished == (0..<finished.count).map { $0 * $0 })
        #expect(throws: TarError.self) { try ring.finish() }
    }
}
