import Glibc

/// A thread that may block in system calls, which threads of Swift's pool must not do.
public final class WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void

        init(_ run: @escaping @Sendable () -> Void) {
            self.run = run
        }
    }

    private var thread = pthread_t()

    /// - Returns: nil when no thread can be created; then `body` is not run.
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

    /// Waits for the thread. Call `join` or `detach` once.
    public func join() {
        pthread_join(thread, nil)
    }

    /// Lets the thread end by itself, because its blocking call may never return.
    public func detach() {
        pthread_detach(thread)
    }
}

/// The result of work on another thread. If no thread can be started, the calling thread does the
/// work.
///
/// Nothing has to wait for the result: a process may end while the work blocks.
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

/// A condition variable, always used with the same lock.
public final class Condition: @unchecked Sendable {
    fileprivate let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)

    public init() {
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        condition.deallocate()
    }

    /// Wakes one of the waiting threads, if there are any.
    public func signal() { pthread_cond_signal(condition) }

    /// Wakes all waiting threads.
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

    /// Runs `body` while no other thread has the lock.
    public func withLock<Result, E: Error>(_ body: () throws(E) -> Result) throws(E) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return try body()
    }

    /// Waits, inside `withLock`, for a `broadcast`.
    public func wait() { wait(for: condition) }

    /// Waits, inside `withLock`, for one condition of several.
    public func wait(for condition: Condition) { pthread_cond_wait(condition.condition, mutex) }

    /// Wakes every thread that waits for this lock's own condition.
    public func broadcast() { condition.broadcast() }
}

/// A value with a lock: one thread at a time can access it.
///
/// It is like Synchronization's Mutex, but with a lock that the thread sanitizer supports.
public final class Guarded<Value>: @unchecked Sendable {
    private let lock = Lock()
    private var value: Value

    public init(_ value: Value) {
        self.value = value
    }

    /// Runs `body` with the value while no other thread has access to it.
    public func withLock<Result, E: Error>(
        _ body: (inout Value) throws(E) -> Result
    ) throws(E) -> Result {
        try lock.withLock { () throws(E) in try body(&value) }
    }
}
