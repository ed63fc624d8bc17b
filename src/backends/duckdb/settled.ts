/** Runs a step now. Returns a function that returns its result or throws its error later. */
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
