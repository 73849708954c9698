import ByteStream
import OCI

/// What tags stand for, asked while it is still on its way what they shall stand for.
///
/// An answer is for a short time only: somebody may move the tag after it, as after any answer.
public final class EarlyTags: Sendable {
    /// How old an answer may be.
    private static let lifetime = Duration.seconds(2)

    private let answers: [Reference: Answer]

    fileprivate init(_ answers: [Reference: Answer]) {
        self.answers = answers
    }

    /// The digest that the tag of `target` stands for, when it was asked and the answer is young; nil
    /// inside when there is no such tag. Waits for an answer that is on its way.
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
    /// Begins to ask registries what the tags of `targets` stand for, `concurrencyLimit` of them at
    /// most. Nothing is changed there, and nothing fails before the answer is used.
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
