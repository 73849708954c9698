import ByteStream
import OCI

/// The digests of the target tags, requested while the input of a push is still being read.
///
/// An answer is valid for a short time only, because another client may move the tag at any time.
public final class EarlyTags: Sendable {
    /// How old an answer may be.
    private static let lifetime = Duration.seconds(2)

    private let answers: [Reference: Answer]

    fileprivate init(_ answers: [Reference: Answer]) {
        self.answers = answers
    }

    /// The digest of the tag of `target`, when it was requested and the answer is recent; the inner
    /// optional is nil when there is no such tag. Waits for a pending answer.
    ///
    /// - Throws: as `Repository.digestBeforePush`.
    func digest(of target: Reference) throws -> Digest?? {
        guard let (result, time) = answers[target]?.wait(), .now - time < EarlyTags.lifetime else {
            return nil
        }
        return .some(try result.get())
    }

    /// One answer, which another thread waits for.
    fileprivate final class Answer: @unchecked Sendable {
        private let lock = Lock()
        // Guarded by the lock.
        private var answer: (Result<Digest?, any Error>, ContinuousClock.Instant)?

        func put(_ result: Result<Digest?, any Error>) {
            lock.withLock {
                answer = (result, .now)
                lock.broadcast()
            }
        }

        func wait() -> (Result<Digest?, any Error>, ContinuousClock.Instant)? {
            lock.withLock {
                while answer == nil { lock.wait() }
                return answer
            }
        }
    }
}

extension ImageStore {
    /// Starts requests for the digests of the tags of `targets`, at most `concurrencyLimit` of
    /// them. Nothing is changed in the registries. An error is thrown only when the answer is used.
    public func askAhead(_ targets: [Reference]) -> EarlyTags {
        var answers: [Reference: EarlyTags.Answer] = [:]
        for target in targets.prefix(concurrencyLimit) where answers[target] == nil {
            guard case .registry = target, let tag = target.tag else { continue }
            let answer = EarlyTags.Answer()
            let thread = WorkerThread {
                answer.put(
                    Result { try self.repository(for: target).digestBeforePush(.tag(tag)) })
            }
            guard let thread else { break }
            // The process may end while it waits for an answer.
            thread.detach()
            answers[target] = answer
        }
        return EarlyTags(answers)
    }
}
