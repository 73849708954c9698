import Glibc

/// A thread that blocks in system calls, which those of Swift's own pool must not.
public final class WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private var thread = pthread_t()

    /// - Returns: nil when there is no other thread to be had; `body` was not run then.
    public init?(_ body: @escaping @Sendable () -> Void) {
        let context = Unmanaged.passRetained(Body(body)).toOpaque()
        let status = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context)
        if status != 0 {
            Unmanaged<Body>.fromOpaque(context).release()
            return nil
        }
    }

    /// Waits for the end of the work. A thread is joined or detached, once.
    public func join() {
        pthread_join(thread, nil)
    }

    /// Leaves the thread to end by itself: what blocks it may never come.
    public func detach() {
        pthread_detach(thread)
    }
}

/// The result of work that another thread does meanwhile; this one does it when there is no other.
///
/// Nobody has to wait for it: a process may end before work that blocks.
public final class BackgroundResult<Value: Sendable>: @unchecked Sendable {
    private let lock = Lock()
    // Guarded by the lock.
    private var result: Result<Value, any Error>?

    public init(_ work: @escaping @Sendable () throws -> Value) {
        let run: @Sendable () -> Void = {
            let result = Result { try work() }
            self.lock.withLock {
                self.result = result
                self.lock.broadcast()
            }
        }
        if let thread = WorkerThread(run) { thread.detach() } else { run() }
    }

    /// Waits for the work. May be called again.
    public func wait() throws -> Value {
        try lock.withLock {
            while true {
                if let result { return try result.get() }
                lock.wait()
            }
        }
    }
}

/// What threads wait for, under one lock always.
public final class Condition: @unchecked Sendable {
    fileprivate let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    /// Wakes one of the threads that wait, if there are any.
    public func signal() { pthread_cond_signal(condition) }

    /// Wakes all threads that wait.
    public func broadcast() { pthread_cond_broadcast(condition) }
}

/// A mutex with a condition.
public final class Lock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = Condition()

    public init() {
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    public func withLock<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Waits, inside `withLock`, for a `broadcast`.
    public func wait() { wait(for: condition) }

    /// Waits, inside `withLock`, for one condition of several.
    public func wait(for condition: Condition) { pthread_cond_wait(condition.condition, mutex) }

    public func broadcast() { condition.broadcast() }
}

/// A value that one thread at a time has in its hands.
///
/// What Synchronization's Mutex is, over a lock that the thread sanitizer knows.
public final class Guarded<Value>: @unchecked Sendable {
    private let lock = Lock()
    private var value: Value

    public init(_ value: Value) {
        self.value = value
    }

    public func withLock<Result, E: Error>(
        _ body: (inout Value) throws(E) -> Result
    ) throws(E) -> Result {
        try lock.withLock { () throws(E) in try body(&value) }
    }
}
