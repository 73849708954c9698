import Glibc
import TestSupport
import Testing

@testable import ByteStream

/// A FIFO is opened with its other end, and a signal ends the wait.
@Suite struct OpeningTests {
    private static func fifo(in directory: TemporaryDirectory) throws(Errno) -> Path {
        let path = directory.path.appending("fifo")
        if path.withCString({ mkfifo($0, 0o600) }) == -1 { throw .current }
        return path
    }

    /// Sends a signal and waits until it is recorded: any thread may receive it, and not at once.
    private static func signalThisProcess() {
        kill(getpid(), SIGTERM)
        while Interruption.signal == nil { sched_yield() }
    }

    /// A signal just before the call ends it too.
    @Test func signalBeforeOpening() async {
        await #expect(processExitsWith: .success) {
            Interruption.arm()
            OpeningTests.signalThisProcess()
            let directory = try TemporaryDirectory()
            let fifo = try OpeningTests.fifo(in: directory)
            #expect(throws: Errno.cancelled) { _ = try OwnedDescriptor(reading: fifo) }
            #expect(throws: Errno.cancelled) { _ = try OwnedDescriptor(writingInPlace: fifo) }
        }
    }

    /// A signal that interrupts the system call itself.
    @Test func signalWhileOpening() async {
        await #expect(processExitsWith: .success) {
            Interruption.arm()
            let isDone = Guarded(false)
            let opener = pthread_self()
            // Threads of Swift's pool block signals.
            var signals = sigset_t()
            sigemptyset(&signals)
            sigaddset(&signals, SIGTERM)
            pthread_sigmask(SIG_UNBLOCK, &signals, nil)
            // One of the signals arrives inside the call.
            let thread = WorkerThread {
                while !isDone.withLock({ $0 }) {
                    pthread_kill(opener, SIGTERM)
                    sched_yield()
                }
            }
            let directory = try TemporaryDirectory()
            let fifo = try OpeningTests.fifo(in: directory)
            #expect(throws: Errno.cancelled) { _ = try OwnedDescriptor(fifo, flags: O_RDONLY) }
            isDone.withLock { $0 = true }
            thread?.join()
        }
    }

    /// Whichever end is opened first, bytes pass, and the descriptors are blocking.
    @Test func bothEnds() throws {
        let directory = try TemporaryDirectory()
        let fifo = try OpeningTests.fifo(in: directory)
        for _ in 0..<20 {
            let thread = WorkerThread {
                guard let file = try? OwnedDescriptor(writingInPlace: fifo) else { return }
                if fcntl(file.rawValue, F_GETFL) & O_NONBLOCK == 0 {
                    try? file.descriptor.writeAll([7])
                }
            }
            let file = try OwnedDescriptor(reading: fifo)
            #expect(fcntl(file.rawValue, F_GETFL) & O_NONBLOCK == 0)
            #expect(try InputStream(file, path: fifo).readAll(limit: 2) == [7])
            thread?.join()
        }
    }

    /// A writer that writes nothing, and a pipe whose writer is gone already.
    @Test func nothingToRead() throws {
        let directory = try TemporaryDirectory()
        let fifo = try OpeningTests.fifo(in: directory)
        let thread = WorkerThread { _ = try? OwnedDescriptor(writingInPlace: fifo) }
        #expect(try InputStream.readFile(fifo, limit: 1) == [])
        thread?.join()
        let reading = try Pipe().reading
        #expect(try InputStream.readFile(reading.procPath, limit: 1) == [])
    }

    @Test func regularFilesAreWrittenInPlace() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path.appending("file")
        for text in ["long text", "text"] {
            let file = try OwnedDescriptor(writingInPlace: path)
            try file.descriptor.writeAll(Array(text.utf8))
            #expect(try directory.read("file") == Array(text.utf8))
        }
    }
}
