import ByteStream

/// A part of a walk: filled by it, worked on in any order, finished in the order of the walk.
package protocol RingChunk: AnyObject, SendableMetatype {
    /// Makes it empty, to be filled again.
    func clear()

    /// Does what can be done out of order. Called by one of several threads.
    func work()

    /// Does what must be done in order. Called by one thread.
    func finish() throws(TarError)
}

/// Lets several threads work on the chunks of a walk, and one finish them in order.
///
/// The number of chunks bounds how far the walk is ahead.
package final class OrderedRing<Chunk: RingChunk>: @unchecked Sendable {
    private let chunks: [Chunk]
    private let lock = Lock()
    // One for each that waits: waking all of them at every chunk costs more than the chunk.
    private let isRoom = Condition()
    private let isWork = Condition()
    private let isFirstWorkedOn = Condition()
    private var threads: [WorkerThread] = []

    // Guarded by the lock. Chunks are numbered from 0 in the order of the walk; the chunk of a number
    // is at its remainder in the ring.
    private var filledCount = 0
    private var takenCount = 0
    private var finishedCount = 0
    private var isWorkedOn: [Bool]
    private var isWalkOver = false
    private var failure: TarError?

    /// - Throws: `TarError.stream` when not even one worker can be started.
    package init(_ chunks: [Chunk], workerCount: Int) throws(TarError) {
        self.chunks = chunks
        isWorkedOn = Array(repeating: false, count: chunks.count)
        start { $0.finishChunks() }
        if !threads.isEmpty { addWorkers(workerCount) }
        if threads.count < 2 {
            cancel()
            throw .stream(.system(call: "pthread_create", .wouldBlock))
        }
    }

    /// Lets more threads work: as many of `count` as can be had.
    package func addWorkers(_ count: Int) {
        for _ in 0..<count { start { $0.workOnChunks() } }
    }

    // MARK: The walk

    /// An empty chunk, to be filled and submitted.
    ///
    /// - Throws: the first error of a chunk before.
    package func next() throws(TarError) -> Chunk {
        let free: Result<Int, TarError> = lock.withLock {
            while filledCount - finishedCount == chunks.count, failure == nil {
                lock.wait(for: isRoom)
            }
            if let failure { return .failure(failure) }
            return .success(filledCount % chunks.count)
        }
        let index = try free.get()
        chunks[index].clear()
        return chunks[index]
    }

    /// Passes on the chunk that `next` gave.
    package func submit() {
        lock.withLock {
            isWorkedOn[filledCount % chunks.count] = false
            filledCount += 1
            isWork.signal()
        }
    }

    /// Waits until everything that was submitted is finished.
    ///
    /// - Throws: the first error, in the order of the walk.
    package func finish() throws(TarError) {
        end()
        if let failure { throw failure }
    }

    /// Drops the work that is not finished, because the walk failed.
    package func cancel() {
        lock.withLock { if failure == nil { failure = .stream(.system(call: "walk", .cancelled)) } }
        end()
    }

    private func end() {
        lock.withLock {
            isWalkOver = true
            isWork.broadcast()
            isFirstWorkedOn.signal()
        }
        for thread in threads { thread.join() }
        threads = []
    }

    // MARK: The workers

    private func workOnChunks() {
        while let index = nextToWorkOn() {
            chunks[index].work()
            lock.withLock {
                isWorkedOn[index] = true
                if index == finishedCount % chunks.count { isFirstWorkedOn.signal() }
            }
        }
    }

    private func nextToWorkOn() -> Int? {
        lock.withLock {
            while takenCount == filledCount, !isWalkOver, failure == nil {
                lock.wait(for: isWork)
            }
            guard takenCount < filledCount, failure == nil else { return nil }
            takenCount += 1
            return (takenCount - 1) % chunks.count
        }
    }

    // MARK: The finisher

    private func finishChunks() {
        while let chunk = nextToFinish() {
            do {
                try chunk.finish()
            } catch {
                lock.withLock {
                    if failure == nil { failure = error }
                    isRoom.signal()
                    isWork.broadcast()
                }
                return
            }
            lock.withLock {
                finishedCount += 1
                isRoom.signal()
            }
        }
    }

    private func nextToFinish() -> Chunk? {
        lock.withLock {
            while failure == nil {
                let index = finishedCount % chunks.count
                let isThere = finishedCount < filledCount
                if isThere, isWorkedOn[index] { return chunks[index] }
                if !isThere, isWalkOver { return nil }
                lock.wait(for: isFirstWorkedOn)
            }
            return nil
        }
    }

    private func start(_ body: @escaping @Sendable (OrderedRing) -> Void) {
        if let thread = WorkerThread({ body(self) }) { threads.append(thread) }
    }
}
