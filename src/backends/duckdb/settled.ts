/** Runs a step now, returns or throws what came of it later. */
export function settled<Result>(step: () => Result): () => Result {
  try {
    const result = step();
    return () => result;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}
