"""The arithmetic that desk and backtest share: plain functions over floats and sequences, importing only math."""
