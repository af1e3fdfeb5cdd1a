// The options of initJsPsych with what saves each trial as it ends, and ends the session with the experiment.
export function withMinno(options, { log, finish }) {
  return {
    ...options,
    on_data_update: (row) => {
      log([row]);
      options?.on_data_update?.(row);
    },
    on_finish: async (data) => {
      await options?.on_finish?.(data);
      await finish();
    },
  };
}
