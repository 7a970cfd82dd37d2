mod behaviour;
mod hostile;
mod languages;
