import ByteStream

/// A part of a walk. The walk fills chunks, threads process them in any order, and they are
/// finished in the order of the walk.
package protocol RingChunk: AnyObject, SendableMetatype {
    /// Empties the chunk, for the next use.
    func clear()

    /// Does the work that can be done out of order. Called by one of several threads.
    func work()

    /// Does the work that must be done in order. Called by one thread.
    func finish() throws(TarError)
}

/// Several threads process the chunks of a walk, and one finishes them in order.
///
/// The number of chunks limits how far the walk is ahead.
package final class OrderedRing<Chunk: RingChunk>: @unchecked Sendable {
    private let chunks: [Chunk]
    private let lock = Lock()
    // One condition for each kind of waiter: waking all of them for every chunk would take longer
    // than the chunk.
    private let isRoom = Condition()
    private let isWork = Condition()
    private let isFirstWorkedOn = Condition()
    private var threads: [WorkerThread] = []
    /// The chunk between `next` and `submit`.
    private var current: Chunk?

    // Guarded by the lock. Chunks are numbered from 0 in the order of the walk; chunk n is at index
    // n modulo the number of chunks.
    private var filledCount = 0
    private var takenCount = 0
    private var finishedCount = 0
    private var isWorkedOn: [Bool]
    private var isWalkOver = false
    private var failure: TarError?

    /// - Throws: `TarError.stream` when no worker can be started.
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

    /// Adds up to `count` threads, as far as they can be created.
    package func addWorkers(_ count: Int) {
        for _ in 0..<count { start { $0.workOnChunks() } }
    }

    // MARK: The walk

    /// The chunk to fill: a new, empty one after each `submit`.
    ///
    /// - Throws: the first error of a chunk before.
    package func next() throws(TarError) -> Chunk {
        if let current { return current }
        let free: Result<Int, TarError> = lock.withLock {
            while filledCount - finishedCount == chunks.count, failure == nil {
                lock.wait(for: isRoom)
            }
            if let failure { return .failure(failure) }
            return .success(filledCount % chunks.count)
        }
        let chunk = chunks[try free.get()]
        chunk.clear()
        current = chunk
        return chunk
    }

    /// Submits the chunk that `next` returned, if there is one.
    package func submit() {
        if current == nil { return }
        current = nil
        lock.withLock {
            isWorkedOn[filledCount % chunks.count] = false
            filledCount += 1
            isWork.signal()
        }
    }

    /// Waits until all submitted chunks are finished.
    ///
    /// - Throws: the first error, in the order of the walk.
    package func finish() throws(TarError) {
        end()
        if let failure { throw failure }
    }

    /// Drops unfinished work, because the walk failed.
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
